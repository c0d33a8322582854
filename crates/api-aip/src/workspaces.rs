//! Workspaces.

use serde_json::Value;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::ids::WorkspaceId;
use tenantry_core::permission::Permission;
use tenantry_core::principal::People;
use tenantry_core::workspace::{
    Deleted, ICON_MAX, NAME_MAX, NewWorkspace, SeenWorkspace, WorkspaceChange, WorkspaceDetail,
    WorkspaceField, WorkspaceQuery,
};
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Refusal, Stamp};

use crate::args::{flag, judged_in_organization, judged_in_workspace, or_missing, target};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::filters;
use crate::message::{Field, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::permissions::test_workspace_permissions;
use crate::read::Read;
use crate::resource::Answer;
use crate::workspace::Workspace;
use crate::workspace_server;

pub(crate) const ORDERING: Ordering<WorkspaceField> = Ordering {
    paths: &["title", "create_time", "update_time"],
    fields: &[WorkspaceField::Name, WorkspaceField::CreatedAt, WorkspaceField::UpdatedAt],
    default: OrderKey { field: "create_time", descending: true },
};
/// The list of the caller's own has no `order_by`.
pub(crate) const OWN_ORDERING: Ordering<WorkspaceField> = Ordering {
    paths: &[],
    fields: &[WorkspaceField::CreatedAt],
    default: OrderKey { field: "create_time", descending: true },
};
pub(crate) const WORKSPACE: Message = Message {
    name: "Workspace",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/workspaces/{workspace}`."),
        Field::required(
            "title",
            Kind::Text(NAME_MAX),
            "What it is called; unique among the live ones of its organization, ignoring case.",
        ),
        Field::optional("workspace_icon", Kind::Text(ICON_MAX), "The name of an icon."),
        Field::optional("workspace_icon_color", Kind::Text(ICON_MAX), "The colour of the icon."),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("update_time", Kind::Time, "When it was last changed."),
        Field::output("creator_display_name", Kind::Word, "What its maker is called.").sometimes(),
        Field::output("creator_email", Kind::Email, "The address of its maker.").sometimes(),
        Field::output("delete_time", Kind::Time, "When it was deleted.").sometimes(),
        Field::output("purge_time", Kind::Time, "When it is gone for good.").sometimes(),
        Field::etag(),
    ],
};

/// What may be told when one is restored.
pub(crate) const RESTORED: Message = Message {
    name: "RestoredWorkspace",
    fields: &[Field::optional("title", Kind::Text(NAME_MAX), "Another title: the old one may be taken.")],
};

/// `GET /api/v1/organizations/{organization}/workspaces`.
pub(crate) async fn list_workspaces(read: Read<1>) -> Answer {
    list(&read, "ListWorkspaces", "workspaces", &ORDERING).await
}

/// `GET /api/v1/me/organizations/{organization}/workspaces`: the same rows under another name, without `order_by`.
pub(crate) async fn list_own_workspaces(read: Read<1>) -> Answer {
    list(&read, "CurrentUserOrganizationWorkspaces", "user_workspaces", &OWN_ORDERING).await
}

async fn list(
    read: &Read<1>,
    method: &str,
    rows: &'static str,
    ordering: &Ordering<WorkspaceField>,
) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || -> Result<_> {
        let (expression, filter) = filters::titles(&read.query, WorkspaceField::Name)?;
        let show_deleted = flag(&read.query, "show_deleted")?;
        let paging = Paging::read(read, method, ordering, (&expression, show_deleted))?;
        let wanted = WorkspaceQuery {
            view: View::Both,
            deleted: if show_deleted { Deleted::Show } else { Deleted::Hide },
            filter,
            page: paging.request.clone(),
            count: false,
        };
        Ok((read.fields_of_list(rows, &WORKSPACE)?, paging, wanted))
    };
    let (shown, paging, wanted) =
        judged_in_organization(&read.core, &read.caller, &by, None, wanted()).await?;
    let list = read.core.list_workspaces(&read.caller, by, wanted).await?;
    let retention = read.core.settings().retention_seconds;
    let row = |seen| Workspace::of(retention, seen, &list.people);
    let stamp = Stamp::new(&read.caller, list.organization.id, list.version);
    Ok(shown.list(&paging.answer(read, rows, &list.page, row))?.stamped(stamp))
}

/// `GET /api/v1/organizations/{organization}/workspaces/{workspace}`: a deleted one shows with its `delete_time`.
pub(crate) async fn get_workspace(read: Read<2>) -> Answer {
    let target = target(&read.path[0], &read.path[1]);
    let needed = Permission::ReadWorkspace;
    let shown =
        judged_in_workspace(&read.core, &read.caller, &target, needed, read.fields(&WORKSPACE)).await?;
    let detail = read.core.get_workspace(&read.caller, target, View::Both).await?;
    Ok(shown.answer(writer(&read.core)(&detail)))
}

/// `POST /api/v1/organizations/{organization}/workspaces`: the caller becomes the owner.
pub(crate) async fn create_workspace(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(NewWorkspace, Terms)> {
        let members = Members::of(&WORKSPACE, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let id = change.query.one("workspace_id")?.map(|text| {
            let id = WorkspaceId::parse(text);
            id.ok_or_else(|| Error::invalid("workspace_id", "uuid", "expected a UUID of 36 characters"))
        });
        let new = NewWorkspace {
            id: id.transpose()?,
            name: title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned(),
            fields: WorkspaceChange { name: None, ..read_change(&members, |name| members.has(name))? },
            ..NewWorkspace::default()
        };
        Ok((new, terms))
    };
    let needed = Some(Permission::CreateWorkspace);
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, needed, read()).await?;
    let work =
        async move |core: Core, caller| core.create_workspace(&caller, by, new).await.map_err(in_words);
    change.make(terms, writer(&change.core), work).await
}

/// `PATCH /api/v1/organizations/{organization}/workspaces/{workspace}` with `update_mask`; with `allow_missing` one that is
/// not there is made, if the path has its id (AIP-134).
pub(crate) async fn update_workspace(change: Change<2>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let read = || -> Result<(WorkspaceChange, Terms, bool)> {
        let members = Members::of(&WORKSPACE, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let allow_missing = flag(&change.query, "allow_missing")?;
        let mask = change.mask(&WORKSPACE)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let fields = read_change(&members, named)?;
        if named("title") && fields.name.is_none() {
            return Err(Error::invalid("title", "missing", "expected a title"));
        }
        Ok((
            WorkspaceChange { expected_version: terms.expected_version.clone(), ..fields },
            terms,
            allow_missing,
        ))
    };
    let needed = Permission::UpdateWorkspace;
    let (fields, terms, allow_missing) =
        judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let relies_on_nothing = terms.require_nothing();
    let work = async move |core: Core, caller| {
        let (organization, workspace) = target.clone();
        let updated = match core.update_workspace(&caller, target, fields.clone()).await {
            Err(missing) if allow_missing && missing.kind == tenantry_core::Kind::NotFound => match workspace
            {
                WorkspaceRef::Id(id) => {
                    relies_on_nothing?;
                    let new = as_new(id, fields)?;
                    core.create_workspace(&caller, organization, new).await
                }
                WorkspaceRef::Name(_) => Err(missing),
            },
            updated => updated,
        };
        updated.map_err(in_words)
    };
    change.make(terms, writer(&change.core), work).await
}

/// `DELETE /api/v1/organizations/{organization}/workspaces/{workspace}`: soft (AIP-164); the answer is the resource.
pub(crate) async fn delete_workspace(change: Change<2>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let read = || -> Result<_> {
        let terms = change.terms(None)?;
        Ok((terms, flag(&change.query, "force")?, flag(&change.query, "allow_missing")?))
    };
    let needed = Permission::DeleteWorkspace;
    let (terms, force, allow_missing) =
        judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.delete_workspace(&caller, target, expected, force).await;
    or_missing(allow_missing, change.make(terms, writer(&change.core), work).await)
}

/// `POST` on a workspace is a custom method, whose name follows a colon (AIP-136): `:undelete`,
/// `:testPermissions`, `:rotateEnrollmentKey`, `:reportServer`.
pub(crate) async fn custom_method(change: Change<2>) -> Answer {
    let (workspace, method) = change.path[1].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    let target = target(&change.path[0], workspace);
    match method {
        "undelete" => undelete_workspace(&change, target).await,
        "testPermissions" => test_workspace_permissions(&change, target).await,
        "rotateEnrollmentKey" => workspace_server::rotate_enrollment_key(&change, target).await,
        "reportServer" => workspace_server::report_server(&change, target).await,
        _ => Err(Refusal::UnknownRoute.into()),
    }
}

/// The workspace that an update would make.
fn as_new(id: WorkspaceId, fields: WorkspaceChange) -> Result<NewWorkspace> {
    let name = fields.name.clone();
    Ok(NewWorkspace {
        id: Some(id),
        name: name.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?,
        fields: WorkspaceChange { name: None, expected_version: None, ..fields },
        ..NewWorkspace::default()
    })
}

/// Restores it, under the `title` of the body if there is one: the old one may be taken.
async fn undelete_workspace(change: &Change<2>, target: (OrganizationRef, WorkspaceRef)) -> Answer {
    let read = || -> Result<_> {
        let title = match &change.body {
            Value::Null => None,
            body => Members::of(&RESTORED, body)?.text("title")?,
        };
        Ok((change.terms(None)?, title.map(str::to_owned)))
    };
    let needed = Permission::DeleteWorkspace;
    let (terms, title) = judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| {
        core.undelete_workspace(&caller, target, title, expected).await.map_err(in_words)
    };
    change.make(terms, writer(&change.core), work).await
}

fn read_change(members: &Members<'_>, named: impl Fn(&str) -> bool) -> Result<WorkspaceChange> {
    let text = |name: &str| -> Result<Option<Option<String>>> {
        if !named(name) {
            return Ok(None);
        }
        // An empty text is the default value and so clears the field.
        Ok(Some(members.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned)))
    };
    let title = if named("title") { members.text("title")?.map(str::to_owned) } else { None };
    Ok(WorkspaceChange {
        name: title,
        icon: text("workspace_icon")?,
        icon_color: text("workspace_icon_color")?,
        ..WorkspaceChange::default()
    })
}

/// The core's names of fields in this dialect's words.
fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "name" => Some("title"),
        "icon" => Some("workspace_icon"),
        "icon_color" => Some("workspace_icon_color"),
        _ => None,
    })
}

fn writer(core: &Core) -> impl Fn(&WorkspaceDetail) -> Value + Send + Sync + 'static {
    let retention = core.settings().retention_seconds;
    move |detail| write(retention, &detail.seen, &detail.people)
}

fn write(retention: i64, seen: &SeenWorkspace, people: &People) -> Value {
    // Texts alone: there is nothing in it that JSON could not hold.
    serde_json::to_value(Workspace::of(retention, seen, people)).unwrap_or_default()
}
