//! Invitations. Those that wait for an answer are the `invites` of a place; `invitations` of the organization are the whole
//! records, for the invitee as well.

use serde_json::{Map, Value, json};
use tenantry_aip::check::Predicate;
use tenantry_aip::order::OrderKey;
use tenantry_aip::{Field as Filtered, FieldType, Schema};
use tenantry_core::authz::{Needed, OrganizationRef, Place};
use tenantry_core::credential::Secret;
use tenantry_core::filter::{Filter, ListQuery};
use tenantry_core::grant::RoleName;
use tenantry_core::ids::InvitationId;
use tenantry_core::invitation::{
    Invitation, InvitationDetail, InvitationField, InvitationRecord, InvitationStatus,
};
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Refusal, Served};

use crate::args::{at_organization, at_workspace, judged_at};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::people::ROLES_MAX;
use crate::read::Read;
use crate::resource::Answer;
use crate::{filters, names};

pub(crate) const ROWS: &str = "invitations";
const SECRET: Field = Field::output(
    "secret",
    Kind::Word,
    "Proof of the invitation. It is shown this once, unless it is mailed.",
)
.once();
const LINK: Field =
    Field::output("link", Kind::Word, "The page that answers it, shown with the secret.").once();
pub(crate) const PENDING: Message = Message {
    name: "PendingInvitation",
    fields: &[
        Field::required("email", Kind::Email, "Who is invited."),
        Field::optional(
            "roles",
            Kind::List(&Kind::Name, ROLES_MAX),
            "What is offered: short names, titles, ids or whole names of roles.",
        )
        .never(),
        Field::output("invitation_id", Kind::Uuid, "Its id."),
        SECRET,
        LINK,
    ],
};
pub(crate) const INVITATION: Message = Message {
    name: "Invitation",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/invitations/{invitation}`."),
        Field::output("organization_display_name", Kind::Word, "What the organization is called."),
        Field::output("workspace_id", Kind::Uuid, "The workspace, if it is one that is offered.").sometimes(),
        Field::output("workspace_display_name", Kind::Word, "What the workspace is called.").sometimes(),
        Field::output("roles", Kind::List(&Kind::Name, usize::MAX), "What is offered."),
        Field::output("is_accepted", Kind::Flag, "Whether it was accepted."),
        Field::output("redirect_organization_id", Kind::Uuid, "Where to go once it is accepted.").sometimes(),
        Field::output("redirect_workspace_id", Kind::Uuid, "Where to go once it is accepted.").sometimes(),
        SECRET,
        LINK,
    ],
};
/// The body of what is done with an invitation.
pub(crate) const REPLY: Message = Message {
    name: "InvitationReply",
    fields: &[Field::optional("secret", Kind::Word, "Need not be given, and must be right if it is.").never()],
};
pub(crate) static SCHEMA: Schema = Schema::new(
    &[
        Filtered::new("email", FieldType::Text),
        Filtered::new("create_time", FieldType::Timestamp),
        Filtered::new("expire_time", FieldType::Timestamp),
    ],
    &["email"],
);
pub(crate) const ORDERING: Ordering<InvitationField> = Ordering {
    paths: &["email", "create_time", "expire_time"],
    fields: &[InvitationField::Email, InvitationField::CreatedAt, InvitationField::ExpiresAt],
    default: OrderKey { field: "create_time", descending: false },
};

/// `GET .../organizations/{organization}/invites`: the pending ones, in the order of their making.
pub(crate) async fn list_organization_invites(read: Read<1>) -> Answer {
    list(&read, "ListOrganizationUserInvites", at_organization(&read.path)).await
}

/// `GET .../workspaces/{workspace}/invites`.
pub(crate) async fn list_workspace_invites(read: Read<2>) -> Answer {
    list(&read, "ListWorkspaceUserInvites", at_workspace(&read.path)).await
}

async fn list<const N: usize>(read: &Read<N>, method: &str, place: Place) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &PENDING)?;
        let (expression, filter) = filters::read(&read.query, &SCHEMA, condition)?;
        let paging = Paging::read(read, method, &ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let needed = Needed::READ_INVITATIONS;
    let (shown, paging, query) = judged_at(&read.core, &read.caller, &place, needed, wanted()).await?;
    let page = read.core.list_invitations(&read.caller, place, query).await?;
    Ok(shown.list(&paging.answer(read, ROWS, &page, write_pending))?)
}

/// `POST .../organizations/{organization}/invites`.
pub(crate) async fn create_organization_invite(change: Change<1>) -> Answer {
    create(&change, at_organization(&change.path)).await
}

/// `POST .../workspaces/{workspace}/invites`.
pub(crate) async fn create_workspace_invite(change: Change<2>) -> Answer {
    create(&change, at_workspace(&change.path)).await
}

async fn create<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<(String, Vec<RoleName>, Terms)> {
        let members = Members::of(&PENDING, &change.body)?;
        let terms = change.terms_to_make()?;
        let email = members.text("email")?;
        let email = email.ok_or_else(|| Error::invalid("email", "missing", "expected an e-mail address"))?;
        let roles = members.list("roles")?;
        if roles.len() > ROLES_MAX {
            return Err(Error::invalid("roles", "too_many", format!("expected at most {ROLES_MAX} roles")));
        }
        let role = |value: &Value| {
            let name = value.as_str();
            name.map(names::role).ok_or_else(|| Error::invalid("roles", "form", "expected names of roles"))
        };
        Ok((email.to_owned(), roles.iter().map(role).collect::<Result<_>>()?, terms))
    };
    let needed = Needed::MANAGE_INVITATIONS;
    let (email, roles, terms) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    let work = async move |core: Core, caller| core.invite_and_show(&caller, place, email, roles).await;
    let keep = |(made, _): &(InvitationRecord, Option<Secret>)| write_pending(&made.invitation);
    let show = |(made, secret): (InvitationRecord, Option<Secret>)| {
        write_made(&made.invitation, secret.as_ref(), &change.served)
    };
    change.make_with_secret(terms, keep, show, work).await
}

/// `DELETE .../organizations/{organization}/invites/{invitation}`: withdraws a pending one.
pub(crate) async fn cancel_organization_invite(change: Change<2>) -> Answer {
    cancel(&change, at_organization(&change.path)).await
}

/// `DELETE .../workspaces/{workspace}/invites/{invitation}`.
pub(crate) async fn cancel_workspace_invite(change: Change<3>) -> Answer {
    cancel(&change, at_workspace(&change.path)).await
}

async fn cancel<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let terms = change.terms_without_version();
    let needed = Needed::MANAGE_INVITATIONS;
    let terms = judged_at(&change.core, &change.caller, &place, needed, terms).await?;
    let id = read_id(&change.path[N - 1]);
    let work = async move |core: Core, caller| core.cancel_invitation(&caller, place, id).await;
    change.make(terms, |(): &()| Value::Object(Map::new()), work).await
}

/// `GET .../organizations/{organization}/invitations/{invitation}`: for the invitee, and for who may see invitations.
pub(crate) async fn get_invitation(read: Read<2>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let found = read.core.get_invitation(&read.caller, by, read_id(&read.path[1])).await?;
    Ok(read.fields(&INVITATION)?.answer(write(&found)))
}

/// `POST .../invitations/{invitation}:accept`, `:decline`, `:resend` (AIP-136).
pub(crate) async fn custom_method(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let (id, method) = change.path[1].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    let id = read_id(id);
    match method {
        "accept" => {
            let (secret, terms) = read_answer(&change, &by, id).await?;
            let work = async move |core: Core, caller| core.accept_invitation(&caller, by, id, secret).await;
            change.make(terms, write, work).await
        }
        "decline" => {
            let (secret, terms) = read_answer(&change, &by, id).await?;
            let work = async move |core: Core, caller| core.decline_invitation(&caller, by, id, secret).await;
            change.make(terms, write, work).await
        }
        "resend" => {
            let (_, terms) = read_answer(&change, &by, id).await?;
            let work = async move |core: Core, caller| core.resend_invitation(&caller, by, id).await;
            let keep = |(detail, _): &(InvitationDetail, Option<Secret>)| write(detail);
            let show = |(detail, secret): (InvitationDetail, Option<Secret>)| {
                with_secret(write(&detail), &detail.invitation, secret.as_ref(), &change.served)
            };
            change.make_with_secret(terms, keep, show, work).await
        }
        _ => Err(Refusal::UnknownRoute.into()),
    }
}

/// The body of a custom method, which may be absent; if it is wrong, first whether the caller may know the invitation.
async fn read_answer(
    change: &Change<2>,
    by: &OrganizationRef,
    id: InvitationId,
) -> Result<(Option<String>, Terms)> {
    let none = json!({});
    let read = || -> Result<_> {
        let body = if change.body.is_null() { &none } else { &change.body };
        let members = Members::of(&REPLY, body)?;
        Ok((members.text("secret")?.map(str::to_owned), change.terms_without_version()?))
    };
    let wanted = read();
    if wanted.is_err() {
        change.core.get_invitation(&change.caller, by.clone(), id).await?;
    }
    wanted
}

fn condition(Predicate { field, test }: &Predicate) -> Result<Filter<InvitationField>> {
    match *field {
        "email" => filters::text(InvitationField::Email, test),
        "create_time" => filters::time(InvitationField::CreatedAt, test),
        "expire_time" => filters::time(InvitationField::ExpiresAt, test),
        _ => Err(Error::internal("the schema promised another field")),
    }
}

/// A malformed id is an unknown one: the nil id, which nothing has, stands for it.
fn read_id(text: &str) -> InvitationId {
    InvitationId::parse(text).unwrap_or(InvitationId::from_uuid(uuid::Uuid::nil()))
}

/// A pending invitation as lists show it.
pub(crate) fn write_pending(invitation: &Invitation) -> Value {
    json!({"email": invitation.email, "invitation_id": invitation.id.to_string()})
}

/// An invitation that was made now.
pub(crate) fn write_made(invitation: &Invitation, secret: Option<&Secret>, served: &Served) -> Value {
    with_secret(write_pending(invitation), invitation, secret, served)
}

/// The secret and the page that it opens are shown this once, where they are not mailed.
fn with_secret(mut body: Value, invitation: &Invitation, secret: Option<&Secret>, served: &Served) -> Value {
    if let (Value::Object(members), Some(secret)) = (&mut body, secret) {
        let (organization, id) = (invitation.organization.to_string(), invitation.id.to_string());
        let link = served.invitation_link(&organization, &id, secret.expose());
        members.insert("secret".to_owned(), secret.expose().into());
        members.insert("link".to_owned(), link.into());
    }
    body
}

fn write(detail: &InvitationDetail) -> Value {
    let invitation = &detail.invitation;
    let organization = invitation.organization;
    let parent = invitation
        .workspace
        .map_or_else(|| names::organization(organization), |id| names::workspace(organization, id));
    let roles = detail.roles.iter().map(|role| {
        let last =
            role.builtin.map_or_else(|| role.id.to_string(), |builtin| names::builtin(builtin).1.to_owned());
        Value::from(format!("{parent}/roles/{last}"))
    });
    let accepted = invitation.status == InvitationStatus::Accepted;
    let workspace = invitation.workspace.map(|id| id.to_string());
    let members = [
        ("name", Some(format!("{}/invitations/{}", names::organization(organization), invitation.id).into())),
        ("organization_display_name", Some(detail.organization_name.as_str().into())),
        ("workspace_id", workspace.clone().map(Value::from)),
        ("workspace_display_name", detail.workspace_name.as_deref().map(Value::from)),
        ("roles", Some(roles.collect())),
        ("is_accepted", Some(accepted.into())),
        ("redirect_organization_id", accepted.then(|| organization.to_string().into())),
        ("redirect_workspace_id", workspace.filter(|_| accepted).map(Value::from)),
    ];
    let present: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Value::Object(present)
}
