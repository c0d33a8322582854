//! Use cases of teams.

use super::{
    TEAM_MEMBERS_MAX, TEAM_NAME_MAX, TEAMS_MAX, Team, TeamField, TeamMember, TeamMemberField, TeamMemberId,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, Writable};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::grant::Subject;
use crate::ids::{TeamId, parse_uuid};
use crate::page::{Page, PageRequest};
use crate::permission::Permission;
use crate::resource;
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};
use crate::workspace;
use uuid::Uuid;

/// What a new team is made of.
#[derive(Clone, Debug)]
pub struct NewTeam {
    /// What it is called, 1 to 60 characters.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
}

/// What is to become of a team. `None` leaves a field alone; an inner `None` clears it.
#[derive(Clone, Debug, Default)]
pub struct TeamChange {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// The versions of which the client saw one last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

impl Core {
    /// The teams of an organization.
    pub async fn list_teams(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        query: impl Into<ListQuery<TeamField>>,
    ) -> Result<Page<Team>> {
        self.store()
            .scan((caller.clone(), organization, query.into()), |session, (caller, organization, query)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    session.list_teams(&scope, query).await
                })
            })
            .await
    }

    /// One team.
    pub async fn get_team(&self, caller: &Caller, organization: OrganizationRef, id: TeamId) -> Result<Team> {
        self.store()
            .point((caller.clone(), organization, id), |session, (caller, organization, id)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    find(session, &scope, *id).await
                })
            })
            .await
    }

    /// Makes a team in which nobody is yet.
    pub async fn create_team(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewTeam,
    ) -> Result<Team> {
        self.store()
            .write((self.act(caller), organization, new), |session, (act, organization, new)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    if session.count_teams(&scope).await? >= TEAMS_MAX {
                        let message = format!("an organization may have {TEAMS_MAX} teams");
                        return Err(Error::new(Kind::LimitReached, "team.limit", message));
                    }
                    let team = Team {
                        id: TeamId::generate(&*act.ids),
                        organization: scope.organization(),
                        name: checked_name(&new.name)?,
                        description: checked_description(new.description.as_deref())?,
                        member_count: 0,
                        version: 1,
                        created_at: act.now,
                        updated_at: act.now,
                    };
                    let inserted = session.insert_team(&scope, &team).await;
                    inserted.map_err(|error| name_taken(error, &team.name))?;
                    record(session, act, &scope, "team.create", (team.id, None)).await?;
                    Ok(team)
                })
            })
            .await
    }

    /// Changes the name or description of a team.
    pub async fn update_team(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: TeamId,
        change: TeamChange,
    ) -> Result<Team> {
        self.store()
            .write(
                (self.act(caller), organization, id, change),
                |session, (act, organization, id, change)| {
                    Box::pin(async move {
                        let scope = writable(session, act, organization).await?;
                        let mut team = find(session, &scope, *id).await?;
                        version::require(Seen::Team, team.version, change.expected_version.as_ref())?;
                        if let Some(name) = &change.name {
                            team.name = checked_name(name)?;
                        }
                        if let Some(description) = &change.description {
                            team.description = checked_description(description.as_deref())?;
                        }
                        team.version += 1;
                        team.updated_at = act.now;
                        let updated = session.update_team(&scope, &team).await;
                        updated.map_err(|error| name_taken(error, &team.name))?;
                        record(session, act, &scope, "team.update", (team.id, None)).await?;
                        Ok(team)
                    })
                },
            )
            .await
    }

    /// Deletes a team. Whoever was in it holds its roles no longer.
    pub async fn delete_team(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: TeamId,
        expected_version: Option<Versions>,
    ) -> Result<()> {
        self.store()
            .write(
                (self.act(caller), organization, id, expected_version),
                |session, (act, organization, id, expected)| {
                    Box::pin(async move {
                        let scope = writable(session, act, organization).await?;
                        let team = find(session, &scope, *id).await?;
                        version::require(Seen::Team, team.version, expected.as_ref())?;
                        require_to_hold_all(session, &scope, team.id).await?;
                        session.delete_team(&scope, team.id).await?;
                        record(session, act, &scope, "team.delete", (team.id, None)).await
                    })
                },
            )
            .await
    }

    /// Who is in a team, as they came to it. Pending invitations are shown to who may see those of the organization.
    pub async fn list_team_members(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, TeamId),
        page: PageRequest<TeamMemberField>,
    ) -> Result<Page<TeamMember>> {
        self.store()
            .scan((self.act(caller), organization, id, page), |session, (act, organization, id, page)| {
                Box::pin(async move {
                    let scope = readable(session, &act.caller, organization).await?;
                    let team = find(session, &scope, *id).await?;
                    let shown = (sees_invitations(&scope), act.now);
                    session.list_team_members(&scope, team.id, shown, page).await
                })
            })
            .await
    }

    /// One member of a team, by the id of the principal or of the invitation.
    pub async fn get_team_member(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, TeamId),
        member: Uuid,
    ) -> Result<TeamMember> {
        self.store()
            .point(
                (self.act(caller), organization, id, member),
                |session, (act, organization, id, member)| {
                    Box::pin(async move {
                        let scope = readable(session, &act.caller, organization).await?;
                        let team = find(session, &scope, *id).await?;
                        for member in TeamMemberId::of_either_kind(*member) {
                            if session.is_in_team(&scope, team.id, &member).await? {
                                let found = known(session, act, &scope, &member).await;
                                return found.map_err(|_| Error::not_found("member"));
                            }
                        }
                        Err(Error::not_found("member"))
                    })
                },
            )
            .await
    }

    /// Puts somebody of the organization in a team, or whoever accepts a pending invitation. Needs to hold what the team
    /// holds.
    pub async fn add_team_member(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, TeamId),
        member: TeamMemberId,
    ) -> Result<(Team, TeamMember)> {
        self.store()
            .write(
                (self.act(caller), organization, id, member),
                |session, (act, organization, id, member)| {
                    Box::pin(async move {
                        let scope = writable(session, act, organization).await?;
                        let mut team = find(session, &scope, *id).await?;
                        let joining = known(session, act, &scope, member).await?;
                        if let TeamMember::Principal(person) = &joining {
                            workspace::require_no_server(session, &scope, person).await?;
                        }
                        require_to_hold_all(session, &scope, team.id).await?;
                        if session.is_in_team(&scope, team.id, member).await? {
                            let message = "the member is in the team already";
                            let taken = Error::new(Kind::AlreadyExists, "team.member_exists", message);
                            return Err(taken.about("member", member.uuid().to_string()));
                        }
                        if session.count_team_members(&scope, team.id).await? >= TEAM_MEMBERS_MAX {
                            let message = format!("a team may have {TEAM_MEMBERS_MAX} members");
                            return Err(Error::new(Kind::LimitReached, "team.members", message));
                        }
                        session.insert_team_member(&scope, team.id, member, act.now).await?;
                        record(session, act, &scope, "team.add_member", (team.id, Some(member))).await?;
                        team.member_count += u64::from(matches!(member, TeamMemberId::Principal(_)));
                        Ok((team, joining))
                    })
                },
            )
            .await
    }

    /// Takes somebody out of a team, or an invitation. Needs to hold what the team holds.
    pub async fn remove_team_member(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, TeamId),
        member: TeamMemberId,
    ) -> Result<()> {
        self.store()
            .write(
                (self.act(caller), organization, id, member),
                |session, (act, organization, id, member)| {
                    Box::pin(async move {
                        let scope = writable(session, act, organization).await?;
                        let team = find(session, &scope, *id).await?;
                        if !session.is_in_team(&scope, team.id, member).await? {
                            return Err(Error::not_found("member"));
                        }
                        require_to_hold_all(session, &scope, team.id).await?;
                        session.delete_team_member(&scope, team.id, member).await?;
                        record(session, act, &scope, "team.remove_member", (team.id, Some(member))).await
                    })
                },
            )
            .await
    }
}

/// Whether the scope shows who is invited to the organization.
pub(crate) const fn sees_invitations(scope: &OrganizationScope) -> bool {
    scope.permissions().contains(Permission::ReadOrganizationInvitations)
}

/// The team of this id.
pub(crate) async fn find(session: &dyn Session, scope: &OrganizationScope, id: TeamId) -> Result<Team> {
    session.find_teams(scope, &[id]).await?.pop().ok_or_else(|| Error::not_found("team"))
}

async fn readable(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
) -> Result<OrganizationScope> {
    authz::require(session, caller, Permission::ReadTeams, organization, View::Both).await
}

async fn writable(
    session: &dyn Session,
    act: &Act,
    organization: &OrganizationRef,
) -> Result<Writable<OrganizationScope>> {
    authz::require_change(session, &act.caller, Permission::ManageTeams, organization, View::Both).await
}

/// Somebody of the organization, or an invitation that can still be accepted.
async fn known(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    member: &TeamMemberId,
) -> Result<TeamMember> {
    match member {
        TeamMemberId::Principal(id) => {
            let found = session.people(scope, &[*id]).await?.remove(id);
            let found = found.ok_or_else(|| Error::not_found("user"))?;
            Ok(TeamMember::Principal((*found).clone()))
        }
        TeamMemberId::Invitation(id) => {
            let found = session.find_invitation(scope, *id).await?;
            let open = found.filter(|found| sees_invitations(scope) && found.is_open(act.now));
            open.map(TeamMember::Invitation).ok_or_else(|| Error::not_found("invitation"))
        }
    }
}

/// Nobody hands out, or takes away, what they do not hold themselves.
async fn require_to_hold_all(session: &dyn Session, scope: &OrganizationScope, id: TeamId) -> Result<()> {
    for role in session.roles_of_team(scope, id).await? {
        authz::require_to_hold(scope.permissions(), role.rights())?;
    }
    resource::require_to_hold_shares(session, scope, Subject::Team(id)).await
}

/// A name that no id can be taken for.
fn checked_name(name: &str) -> Result<String> {
    let name = text::name("name", name, TEAM_NAME_MAX)?;
    if parse_uuid(&name).is_some() {
        return Err(Error::invalid("name", "uuid_shaped", "a name may not look like a UUID"));
    }
    Ok(name)
}

fn checked_description(text: Option<&str>) -> Result<Option<String>> {
    text.map_or(Ok(None), |text| text::prose("description", text, text::DESCRIPTION_MAX))
}

/// The store tells that a name is taken by refusing the row.
fn name_taken(error: Error, name: &str) -> Error {
    if error.kind == Kind::AlreadyExists { error.about("team", name) } else { error }
}

async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    action: &'static str,
    (team, member): (TeamId, Option<&TeamMemberId>),
) -> Result<()> {
    let member = member.map(|member| Target::new(member.kind(), member.uuid()));
    let targets = [Target::new("team", team.as_uuid())].into_iter().chain(member).collect();
    act.record(session, scope.organization(), action, targets).await
}
