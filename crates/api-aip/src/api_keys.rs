//! API keys of a person in an organization.

use serde_json::{Map, Value};
use tenantry_aip::check::{Predicate, Test as Wanted};
use tenantry_aip::order::OrderKey;
use tenantry_aip::{EnumName, EnumType, Field as Filtered, FieldType, Schema};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{
    API_KEY_DAYS, API_KEY_TITLE_MAX, API_KEY_WORKSPACES_MAX, Access, ApiKey, ApiKeyChange, ApiKeyField,
    Issued, NewApiKey,
};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::ids::{CredentialId, WorkspaceId};
use tenantry_core::permission::PermissionSet;
use tenantry_core::{Core, Error, Result};

use crate::args::{flag, judged_in_organization, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::people::read_user_name;
use crate::read::Read;
use crate::resource::Answer;
use crate::roles::PERMISSIONS;
use crate::{etag, filters, names, roles};

pub(crate) const ROWS: &str = "api_keys";
pub(crate) const API_KEY: Message = Message {
    name: "ApiKey",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/apiKeys/{key}`."),
        Field::required("title", Kind::Text(API_KEY_TITLE_MAX), "What it is called."),
        Field::immutable("user", Kind::Name, "Whose it is: the caller's own unless another is named."),
        Field::immutable("ttl", Kind::Choice(lifetimes), "How long it lives, 30 days unless said.").never(),
        Field::output("prefix", Kind::Word, "How the secret begins."),
        Field::optional(
            "permission_level",
            Kind::Choice(levels),
            "Everything that its owner holds, reading alone, or what `permissions` has of it.",
        )
        .always(),
        Field::optional("permissions", PERMISSIONS, "With the level `RESTRICTED`: what it can be used for."),
        Field::optional(
            "workspace_ids",
            Kind::List(&Kind::Uuid, API_KEY_WORKSPACES_MAX),
            "The workspaces in which it counts; all of them if there are none.",
        )
        .always(),
        Field::output("expire_time", Kind::Time, "When it ends.").sometimes(),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("last_use_time", Kind::Time, "When it was last used.").sometimes(),
        Field::output("secret", Kind::Word, "What is shown as a credential. It is told this once.").once(),
        Field::etag(),
    ],
};
pub(crate) static SCHEMA: Schema = Schema::new(
    &[
        Filtered::new("title", FieldType::Text),
        Filtered::new("permission_level", FieldType::Enum(EnumType { names: &LEVELS, ignore_case: false })),
        Filtered::new("create_time", FieldType::Timestamp),
        Filtered::new("expire_time", FieldType::Timestamp),
        Filtered::new("last_use_time", FieldType::Timestamp),
    ],
    &["title"],
);
const LEVELS: [EnumName; 3] = [
    EnumName { name: "ALL", aliases: &[] },
    EnumName { name: "READ_ONLY", aliases: &[] },
    EnumName { name: "RESTRICTED", aliases: &[] },
];
pub(crate) const ORDERING: Ordering<ApiKeyField> = Ordering {
    paths: &["title", "create_time", "expire_time", "last_use_time"],
    fields: &[ApiKeyField::Title, ApiKeyField::CreatedAt, ApiKeyField::ExpiresAt, ApiKeyField::LastUsedAt],
    default: OrderKey { field: "create_time", descending: false },
};
/// How many days a key lives whose maker does not say.
const DEFAULT_DAYS: i64 = 30;
const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// `GET .../organizations/{organization}/apiKeys`: the caller's own; everybody's for who manages the users.
pub(crate) async fn list_api_keys(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &API_KEY)?;
        let (expression, filter) = filters::read(&read.query, &SCHEMA, condition)?;
        let paging = Paging::read(&read, "ListApiKeys", &ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let (shown, paging, query) =
        judged_in_organization(&read.core, &read.caller, &by, None, wanted()).await?;
    let page = read.core.list_api_keys(&read.caller, by, query).await?;
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET .../organizations/{organization}/apiKeys/{key}`.
pub(crate) async fn get_api_key(read: Read<2>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let shown = judged_in_organization(&read.core, &read.caller, &by, None, read.fields(&API_KEY)).await?;
    let found = read.core.get_api_key(&read.caller, by, read_id(&read.path[1])).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST .../organizations/{organization}/apiKeys`: for the caller, or for the `user` whom the server's setting lets the
/// caller make keys for; the secret is shown this once.
pub(crate) async fn create_api_key(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(NewApiKey, Terms)> {
        let members = Members::of(&API_KEY, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let user = members.text("user")?.filter(|user| !user.is_empty());
        let new = NewApiKey {
            owner: user.map(read_user_name),
            title: title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned(),
            days: members.text("ttl")?.map_or(Ok(DEFAULT_DAYS), read_days)?,
            access: read_access(&members)?,
            workspaces: read_workspaces(&members)?,
        };
        Ok((new, terms))
    };
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, None, read()).await?;
    let work = async move |core: Core, caller| core.create_api_key(&caller, by, new).await;
    let keep = |made: &Issued| write_made(made);
    let show = |made: Issued| {
        let mut body = write_made(&made);
        if let Value::Object(members) = &mut body {
            members.insert("secret".to_owned(), made.secret.expose().into());
        }
        body
    };
    change.make_with_secret(terms, keep, show, work).await
}

/// `PATCH .../organizations/{organization}/apiKeys/{key}` with `update_mask`: by its owner alone. Its end stays.
pub(crate) async fn update_api_key(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(ApiKeyChange, Terms)> {
        let members = Members::of(&API_KEY, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&API_KEY)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let title = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        // Level and permissions make sense together alone.
        let of_access = named("permission_level") || named("permissions");
        let wanted = ApiKeyChange {
            title,
            access: of_access.then(|| read_access(&members)).transpose()?,
            workspaces: named("workspace_ids").then(|| read_workspaces(&members)).transpose()?,
            owner: members.text("user")?.filter(|user| !user.is_empty()).map(read_user_name),
            days: members.text("ttl")?.filter(|ttl| !ttl.is_empty()).map(read_days).transpose()?,
            expected_version: terms.expected_version.clone(),
            ..ApiKeyChange::default()
        };
        Ok((wanted, terms))
    };
    let (wanted, terms) = judged_in_organization(&change.core, &change.caller, &by, None, read()).await?;
    let id = read_id(&change.path[1]);
    let work = async move |core: Core, caller| core.update_api_key(&caller, by, id, wanted).await;
    change.make(terms, write, work).await
}

/// `DELETE .../organizations/{organization}/apiKeys/{key}`: it counts for nothing from then on.
pub(crate) async fn delete_api_key(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "allow_missing")?)) };
    let (terms, allow_missing) =
        judged_in_organization(&change.core, &change.caller, &by, None, read()).await?;
    let (id, expected) = (read_id(&change.path[1]), terms.expected_version.clone());
    let work = async move |core: Core, caller| core.delete_api_key(&caller, by, id, expected).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

pub(crate) fn condition(Predicate { field, test }: &Predicate) -> Result<Filter<ApiKeyField>> {
    match (*field, test) {
        ("title", test) => filters::text(ApiKeyField::Title, test),
        ("permission_level", Wanted::Enum(equality, name)) => {
            let access = match *name {
                "ALL" => Access::Everything,
                "READ_ONLY" => Access::Reading,
                _ => Access::Only(PermissionSet::NONE),
            };
            let is = Test::Text(Comparison::Equal, access.word().to_owned());
            Ok(filters::negated(*equality, Filter::Is(ApiKeyField::Access, is)))
        }
        ("create_time", test) => filters::time(ApiKeyField::CreatedAt, test),
        ("expire_time", test) => filters::time(ApiKeyField::ExpiresAt, test),
        ("last_use_time", test) => filters::time(ApiKeyField::LastUsedAt, test),
        _ => Err(Error::internal("the schema promised another field")),
    }
}

/// A malformed id is an unknown one: the nil id, which nothing has, stands for it.
fn read_id(text: &str) -> CredentialId {
    CredentialId::parse(text).unwrap_or(CredentialId::from_uuid(uuid::Uuid::nil()))
}

fn lifetimes() -> Vec<String> {
    API_KEY_DAYS.iter().map(|days| format!("{}s", days * SECONDS_OF_A_DAY)).collect()
}

pub(crate) fn levels() -> Vec<String> {
    LEVELS.map(|level| level.name.to_owned()).into()
}

/// A duration of whole days, such as `604800s`. Which of them are allowed is the core's to say.
fn read_days(text: &str) -> Result<i64> {
    let seconds = text.strip_suffix('s').and_then(|digits| digits.parse::<i64>().ok());
    let days =
        seconds.filter(|seconds| seconds % SECONDS_OF_A_DAY == 0).map(|seconds| seconds / SECONDS_OF_A_DAY);
    days.ok_or_else(|| Error::invalid("ttl", "duration", "expected a duration of whole days such as 604800s"))
}

pub(crate) fn read_access(members: &Members<'_>) -> Result<Access> {
    let permissions = roles::read_permissions(members.list("permissions")?)?;
    let access = match members.text("permission_level")? {
        None | Some("" | "ALL") => Access::Everything,
        Some("READ_ONLY") => Access::Reading,
        Some("RESTRICTED") => return Ok(Access::Only(permissions)),
        Some(_) => {
            let expected = "expected ALL, READ_ONLY or RESTRICTED";
            return Err(Error::invalid("permission_level", "choice", expected));
        }
    };
    if permissions.is_empty() {
        Ok(access)
    } else {
        Err(Error::invalid("permissions", "level", "expected none, or the permission_level RESTRICTED"))
    }
}

/// Bare ids. A malformed one is an unknown one.
pub(crate) fn read_workspaces(members: &Members<'_>) -> Result<Vec<WorkspaceId>> {
    let id = |value: &Value| {
        let text = value.as_str();
        let text =
            text.ok_or_else(|| Error::invalid("workspace_ids", "form", "expected a list of strings"))?;
        Ok(WorkspaceId::parse(text).unwrap_or(WorkspaceId::from_uuid(uuid::Uuid::nil())))
    };
    members.list("workspace_ids")?.iter().map(id).collect()
}

fn write_made(made: &Issued) -> Value {
    write(&ApiKey::new(made.credential.clone(), None))
}

fn write(key: &ApiKey) -> Value {
    let ApiKey { credential, last_used_at, .. } = key;
    let organization = credential.organization.map(names::organization).unwrap_or_default();
    let (level, permissions) = match credential.access {
        Access::Everything => ("ALL", None),
        Access::Reading => ("READ_ONLY", None),
        Access::Only(only) => ("RESTRICTED", Some(only.iter().map(|p| Value::from(p.name())).collect())),
    };
    let workspaces = credential.workspaces.iter().flatten().map(|id| Value::from(id.to_string()));
    let members = [
        ("name", Some(format!("{organization}/apiKeys/{}", credential.id).into())),
        ("title", Some(credential.title.as_str().into())),
        ("user", Some(format!("{organization}/users/{}", credential.principal).into())),
        ("prefix", Some(credential.beginning().into())),
        ("permission_level", Some(level.into())),
        ("permissions", permissions),
        ("workspace_ids", Some(workspaces.collect())),
        ("expire_time", credential.expires_at.map(|at| at.to_string().into())),
        ("create_time", Some(credential.created_at.to_string().into())),
        ("last_use_time", last_used_at.map(|at| at.to_string().into())),
        ("etag", Some(etag::write(credential.version).into())),
    ];
    let present: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?)))
        .collect();
    Value::Object(present)
}
