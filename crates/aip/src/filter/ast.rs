//! The tree that a filter's text stands for, before anything is known about fields and types.

use crate::pattern::Pattern;

/// An expression. Lists are flat: a conjunction holds no conjunction directly, and has at least two members.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Joined by `AND`.
    And(Vec<Expr>),
    /// Written side by side; means the same as `AND`, but binds tighter.
    Seq(Vec<Expr>),
    /// Joined by `OR`, which binds tighter than both.
    Or(Vec<Expr>),
    /// `NOT x` or `-x`.
    Not(Box<Expr>),
    /// `left op right`.
    Compare(Comparison),
    /// A comparable that stands alone.
    Bare(Comparable),
}

/// `left op right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What stands left of the operator.
    pub left: Comparable,
    /// The operator.
    pub op: Op,
    /// Where the operator begins.
    pub op_position: usize,
    /// What stands right of the operator.
    pub right: Arg,
}

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `:`
    Has,
}

impl Op {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Has => ":",
        }
    }
}

/// A value, a path or a call, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparable {
    /// Code points before it.
    pub position: usize,
    /// What it is.
    pub form: Form,
}

/// The three forms of a comparable.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// `word`, `2.5` or `"string"`.
    Value(Value),
    /// `base.field.field`.
    Member {
        /// What stands before the first dot.
        base: Value,
        /// What stands after each dot; at least one.
        fields: Vec<Value>,
    },
    /// `dotted.name(arg, arg)`.
    Call {
        /// The name with its dots.
        name: String,
        /// The arguments.
        args: Vec<Arg>,
    },
}

/// What may stand right of an operator or inside a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A value, a path or a call.
    Comparable(Comparable),
    /// `(expression)`.
    Group {
        /// Where its parenthesis opens.
        position: usize,
        /// What is inside.
        expr: Box<Expr>,
    },
}

impl Arg {
    /// Code points before the argument.
    pub fn position(&self) -> usize {
        match self {
            Self::Comparable(comparable) => comparable.position,
            Self::Group { position, .. } => *position,
        }
    }
}

/// A word or a quoted string, escapes resolved and wildcards told from stars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text.
    pub text: Pattern,
    /// Whether it stood in quotes.
    pub quoted: bool,
}

impl Value {
    /// A bare word, in which every star is a wildcard and a backslash is nothing special.
    pub fn word(word: &str) -> Self {
        Self { text: Pattern::from_word(word), quoted: false }
    }

    /// A quoted string.
    pub fn string(text: Pattern) -> Self {
        Self { text, quoted: true }
    }
}

/// Which of the three lists an expression is being made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Seq,
    Or,
}

impl Expr {
    /// Joins parts to one flat list; a single part stays what it is.
    pub(super) fn join(join: Join, mut parts: Vec<Self>) -> Self {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match (join, part) {
                (Join::And, Self::And(inner))
                | (Join::Seq, Self::Seq(inner))
                | (Join::Or, Self::Or(inner)) => flat.extend(inner),
                (_, other) => flat.push(other),
            }
        }
        match join {
            Join::And => Self::And(flat),
            Join::Seq => Self::Seq(flat),
            Join::Or => Self::Or(flat),
        }
    }
}
