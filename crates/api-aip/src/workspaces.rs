//! Workspaces.

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value};
use tenantry_aip::Mask;
use tenantry_aip::check::{Checked, Equality, Order, Predicate, Test as Wanted};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_aip::{Field, FieldType, Schema};
use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::WorkspaceId;
use tenantry_core::permission::Permission;
use tenantry_core::workspace::{Deleted, NewWorkspace, WorkspaceChange, WorkspaceField, WorkspaceQuery};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Json as Body, Query, Refusal, Refused, Segments, Served, Stamp};

use crate::args::{flag, judged_in_organization, judged_in_workspace, only, refuse_request_id, target};
use crate::body::Members;
use crate::error::refused;
use crate::page::{Ordering, PageTokens, Paging};
use crate::permissions::test_workspace_permissions;
use crate::workspace::Workspace;
use crate::{Aip, workspace};

static SCHEMA: Schema = Schema::new(&[Field::new("title", FieldType::Text)], &["title"]);
const ORDERING: Ordering<WorkspaceField> = Ordering {
    paths: &["title", "create_time", "update_time"],
    fields: &[WorkspaceField::Name, WorkspaceField::CreatedAt, WorkspaceField::UpdatedAt],
    default: OrderKey { field: "create_time", descending: true },
};
/// The list of the caller's own has no `order_by`.
const OWN_ORDERING: Ordering<WorkspaceField> = Ordering {
    paths: &[],
    fields: &[WorkspaceField::CreatedAt],
    default: OrderKey { field: "create_time", descending: true },
};
const WRITABLE: &[&str] = &["title", "workspace_icon", "workspace_icon_color"];
const OUTPUT_ONLY: &[&str] = &[
    "name",
    "create_time",
    "update_time",
    "creator_display_name",
    "creator_email",
    "delete_time",
    "purge_time",
];

type StampedAnswer = std::result::Result<(Stamp, Response), Refused<Aip>>;
type Answer = std::result::Result<Response, Refused<Aip>>;

/// `GET /api/v1/organizations/{organization}/workspaces`.
pub(crate) async fn list_workspaces(
    State(served): State<Served>,
    Extension(tokens): Extension<PageTokens>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization]): Segments<1>,
    query: Query<Aip>,
) -> StampedAnswer {
    let core = &served.core;
    let by = OrganizationRef::parse(&organization);
    let method = ("ListWorkspaces", &[organization.as_str()][..]);
    let read = read_list(core, &tokens, &query, method, &ORDERING);
    let (paging, wanted) = judged_in_organization(core, &caller, &by, None, read).await?;
    let list = core.list_workspaces(&caller, by, wanted).await?;
    let stamp = Stamp::new(&caller, list.organization.id, list.version);
    let write = |seen| Workspace::of(core, seen, &list.people);
    Ok((stamp, paging.answer(core, &tokens, "workspaces", &list.page, write)))
}

/// `GET /api/v1/me/organizations/{organization}/workspaces`: the same rows under another name, without `order_by`.
pub(crate) async fn list_own_workspaces(
    State(served): State<Served>,
    Extension(tokens): Extension<PageTokens>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization]): Segments<1>,
    query: Query<Aip>,
) -> StampedAnswer {
    let core = &served.core;
    let by = OrganizationRef::parse(&organization);
    let method = ("CurrentUserOrganizationWorkspaces", &[organization.as_str()][..]);
    let read = read_list(core, &tokens, &query, method, &OWN_ORDERING);
    let (paging, wanted) = judged_in_organization(core, &caller, &by, None, read).await?;
    let list = core.list_workspaces(&caller, by, wanted).await?;
    let stamp = Stamp::new(&caller, list.organization.id, list.version);
    let write = |seen| Workspace::of(core, seen, &list.people);
    Ok((stamp, paging.answer(core, &tokens, "user_workspaces", &list.page, write)))
}

/// `GET /api/v1/organizations/{organization}/workspaces/{workspace}`: a deleted one shows with its `delete_time`.
pub(crate) async fn get_workspace(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
) -> Answer {
    let detail = served.core.get_workspace(&caller, target(&organization, &workspace), View::Both).await?;
    Ok(workspace::answer(&served.core, &detail))
}

/// `POST /api/v1/organizations/{organization}/workspaces`: the caller becomes the owner.
pub(crate) async fn create_workspace(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization]): Segments<1>,
    query: Query<Aip>,
    Body { body, .. }: Body<Aip>,
) -> Answer {
    let core = &served.core;
    let by = OrganizationRef::parse(&organization);
    let read = || -> Result<(NewWorkspace, bool)> {
        only(&query, &["workspace_id", "request_id", "validate_only"])?;
        refuse_request_id(&query)?;
        let members = Members::of("", &body, WRITABLE, &[OUTPUT_ONLY, &["etag"]].concat())?;
        let title = members.text("title")?;
        let id = query.one("workspace_id")?.map(|text| {
            let id = WorkspaceId::parse(text);
            id.ok_or_else(|| Error::invalid("workspace_id", "uuid", "expected a UUID of 36 characters"))
        });
        let new = NewWorkspace {
            id: id.transpose()?,
            name: title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned(),
            fields: WorkspaceChange { name: None, ..read_change(&members, |name| members.has(name))? },
            ..NewWorkspace::default()
        };
        Ok((new, flag(&query, "validate_only")?))
    };
    let needed = Some(Permission::CreateWorkspace);
    let (new, rehearse) = judged_in_organization(core, &caller, &by, needed, read()).await?;
    let made = core.create_workspace(&caller, by, new, rehearse).await.map_err(in_words)?;
    Ok(workspace::answer(core, &made))
}

/// `PATCH /api/v1/organizations/{organization}/workspaces/{workspace}` with `update_mask` (AIP-134).
pub(crate) async fn update_workspace(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
    query: Query<Aip>,
    Body { body, .. }: Body<Aip>,
) -> Answer {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let read = || -> Result<(WorkspaceChange, bool)> {
        only(&query, &["update_mask", "validate_only"])?;
        let members = Members::of("", &body, &[WRITABLE, &["etag"]].concat(), OUTPUT_ONLY)?;
        let mask = Mask::parse("update_mask", query.one("update_mask")?, WRITABLE)
            .map_err(|error| refused(&error))?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let mut change = read_change(&members, named)?;
        if named("title") && change.name.is_none() {
            return Err(Error::invalid("title", "missing", "expected a title"));
        }
        change.expected_version = members.text("etag")?.map(read_etag);
        Ok((change, flag(&query, "validate_only")?))
    };
    let needed = Permission::UpdateWorkspace;
    let (change, rehearse) = judged_in_workspace(core, &caller, &target, needed, read()).await?;
    let changed = core.update_workspace(&caller, target, change, rehearse).await.map_err(in_words)?;
    Ok(workspace::answer(core, &changed))
}

/// `DELETE /api/v1/organizations/{organization}/workspaces/{workspace}`: soft (AIP-164); the answer is the resource.
pub(crate) async fn delete_workspace(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
    query: Query<Aip>,
) -> Answer {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let read = || -> Result<_> {
        only(&query, &["force", "etag", "allow_missing", "validate_only"])?;
        let etag = query.one("etag")?.filter(|etag| !etag.is_empty()).map(read_etag);
        Ok((etag, flag(&query, "force")?, flag(&query, "allow_missing")?, flag(&query, "validate_only")?))
    };
    let needed = Permission::DeleteWorkspace;
    let (etag, force, allow_missing, rehearse) =
        judged_in_workspace(core, &caller, &target, needed, read()).await?;
    match core.delete_workspace(&caller, target, etag, force, rehearse).await {
        Ok(deleted) => Ok(workspace::answer(core, &deleted)),
        Err(missing) if allow_missing && missing.kind == Kind::NotFound => {
            Ok(Json(Value::Object(Map::new())).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST` on a workspace is a custom method, whose name follows a colon (AIP-136).
pub(crate) async fn custom_method(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, segment]): Segments<2>,
    query: Query<Aip>,
    request: Request,
) -> Answer {
    let (workspace, method) = segment.rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    let target = target(&organization, workspace);
    match method {
        "undelete" => Ok(undelete_workspace(&served.core, &caller, target, &query).await?),
        "testPermissions" => {
            let Body { body, .. } = Body::<Aip>::from_request(request, &served).await?;
            let held = test_workspace_permissions(&served.core, &caller, target, &query, &body).await?;
            Ok(held.into_response())
        }
        _ => Err(Refusal::UnknownRoute.into()),
    }
}

/// `POST /api/v1/organizations/{organization}/workspaces/{workspace}:undelete`.
async fn undelete_workspace(
    core: &Core,
    caller: &Caller,
    target: (OrganizationRef, WorkspaceRef),
    query: &Query<Aip>,
) -> Result<Response> {
    let read = only(query, &["validate_only"]).and_then(|()| flag(query, "validate_only"));
    let rehearse = judged_in_workspace(core, caller, &target, Permission::DeleteWorkspace, read).await?;
    let restored = core.undelete_workspace(caller, target, None, rehearse).await?;
    Ok(workspace::answer(core, &restored))
}

fn read_list(
    core: &Core,
    tokens: &PageTokens,
    query: &Query<Aip>,
    method: (&str, &[&str]),
    ordering: &Ordering<WorkspaceField>,
) -> Result<(Paging<WorkspaceField>, WorkspaceQuery)> {
    let expression =
        Expression::parse(query.one("filter")?.unwrap_or_default()).map_err(|error| refused(&error))?;
    let checked = SCHEMA.check(&expression).map_err(|error| refused(&error))?;
    let show_deleted = flag(query, "show_deleted")?;
    let paging = Paging::read(core, tokens, query, method, ordering, (&expression, show_deleted))?;
    let wanted = WorkspaceQuery {
        view: View::Both,
        deleted: if show_deleted { Deleted::Show } else { Deleted::Hide },
        filter: checked.map_or(Ok(Filter::All), |checked| filter(&checked))?,
        page: paging.request.clone(),
        count: false,
    };
    Ok((paging, wanted))
}

fn filter(checked: &Checked) -> Result<Filter<WorkspaceField>> {
    let all = |parts: &[Checked]| parts.iter().map(filter).collect::<Result<Vec<_>>>();
    Ok(match checked {
        Checked::And(parts) => Filter::And(all(parts)?),
        Checked::Or(parts) => Filter::Or(all(parts)?),
        Checked::Not(part) => filter(part)?.not(),
        // The schema knows one field.
        Checked::Test(Predicate { test, .. }) => text_filter(WorkspaceField::Name, test)?,
    })
}

/// The test of a text.
pub(crate) fn text_filter<F>(field: F, wanted: &Wanted) -> Result<Filter<F>> {
    Ok(match wanted {
        Wanted::Text(equality, pattern) => {
            let test = match pattern.as_literal() {
                Some(literal) => Test::Text(Comparison::Equal, literal.to_owned()),
                None => Test::Like(pattern.pieces().to_vec()),
            };
            match equality {
                Equality::Equal => Filter::Is(field, test),
                Equality::NotEqual => Filter::Is(field, test).not(),
            }
        }
        Wanted::TextOrder(order, bound) => Filter::Is(field, Test::Text(comparison(*order), bound.clone())),
        Wanted::Contains(part) => Filter::Is(field, Test::Contains(part.clone())),
        Wanted::Present => Filter::Is(field, Test::Present),
        _ => return Err(Error::internal("the schema promised a text")),
    })
}

const fn comparison(order: Order) -> Comparison {
    match order {
        Order::Less => Comparison::Less,
        Order::LessOrEqual => Comparison::LessOrEqual,
        Order::Greater => Comparison::Greater,
        Order::GreaterOrEqual => Comparison::GreaterOrEqual,
    }
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

fn read_etag(etag: &str) -> i64 {
    let version =
        etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|digits| digits.parse().ok());
    // What no server of ours wrote is as stale as an old one.
    version.unwrap_or(-1)
}

/// The core's names of fields in this dialect's words.
fn in_words(mut error: Error) -> Error {
    for violation in &mut error.violations {
        violation.field = match &*violation.field {
            "name" => "title".into(),
            "icon" => "workspace_icon".into(),
            "icon_color" => "workspace_icon_color".into(),
            _ => continue,
        };
    }
    error
}
