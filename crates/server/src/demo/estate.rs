//! The sample estate: two organizations, seven people and a service account, made by the same use cases that clients call.
//!
//! `root` runs the server and is in no organization. In `northwind`, ada owns, oscar administers, ben works, cleo looks
//! on, and northwind-ci is a machine. dan owns `southgate` and is a stranger to northwind; kit belongs nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Result, bail};
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::clock::{Clock, Entropy, Timestamp};
use tenantry_core::grant::{Person as Named, RoleName};
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::organization::{Link, NewOrganization};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::preferences::{DateFormat, DecimalSymbol, MeasurementSystem, Preferences, TimeFormat};
use tenantry_core::principal::{NewServiceAccount, NewUser};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::settings::Settings;
use tenantry_core::workspace::{BoundingBox, NewWorkspace, State, StatusReport, WorkspaceChange};
use tenantry_core::{Core, Error};
use tenantry_store::Database;

use crate::keys::MasterKey;
use crate::serve::open_core_at;
use crate::world::{SystemClock, SystemEntropy};

/// How long before the present the estate begins.
const SECONDS_AGO: i64 = 40 * 24 * 60 * 60;

/// What was made, with every secret.
#[derive(Clone, Debug)]
pub struct Estate {
    /// northwind and southgate.
    pub organizations: Vec<MadeOrganization>,
    /// root, ada, oscar, ben, cleo, dan, kit.
    pub people: Vec<Person>,
    /// northwind-ci.
    pub service_accounts: Vec<ServiceAccount>,
}

/// An organization of the estate.
#[derive(Clone, Debug)]
pub struct MadeOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its key, which is its name too.
    pub key: String,
}

/// A person of the estate.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account's id.
    pub id: PrincipalId,
    /// What to sign in with.
    pub username: String,
    /// Or this.
    pub email: String,
    /// And this.
    pub password: String,
    /// A personal access token.
    pub token: String,
    /// Who it is, in a line.
    pub about: &'static str,
}

/// A service account of the estate.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// What it is called.
    pub name: String,
    /// The account's id.
    pub id: PrincipalId,
    /// The id of its organization.
    pub organization: String,
    /// Its OAuth client.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
    /// Its API key.
    pub api_key: String,
}

/// A clock that begins in the past and goes on by itself and by being told to, so that the estate has a history.
pub struct Backdated(AtomicI64);

impl Backdated {
    fn new() -> Self {
        Self(AtomicI64::new(SystemClock.now().plus_seconds(-SECONDS_AGO).as_micros()))
    }

    fn pass_hours(&self, hours: i64) {
        self.0.fetch_add(hours * 3_600_000_000, Ordering::Relaxed);
    }
}

impl Clock for Backdated {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

/// Makes the estate in a database that has none.
pub async fn build(database: &Database, settings: Settings, key: &MasterKey) -> Result<Estate> {
    let clock = Arc::new(Backdated::new());
    let core = open_core_at(database, settings, key, Arc::clone(&clock) as Arc<dyn Clock>).await?;
    let password = password();
    let (user, token) = match core.initialize_server(new_user("root", "Root", &password)).await {
        Ok(made) => made,
        Err(error) if error.reason == "server.initialized" => {
            bail!(
                "the database is in use already, and its tokens cannot be shown again; use --reset or another --data-dir"
            )
        }
        Err(error) => return Err(told(error)),
    };
    let root = Person {
        id: user.id,
        username: user.username,
        email: user.email.unwrap_or_default(),
        password,
        token: token.secret.expose().to_owned(),
        about: "runs the server, belongs to no organization",
    };
    let mut builder =
        Builder { caller: core.authenticate(&root.token).await.map_err(told)?, core: &core, clock: &clock };
    let ada = builder.person("ada", "Ada Larsen", "owns northwind").await?;
    let oscar = builder
        .person("oscar", "Oscar Brandt", "administers northwind, has no role in its workspaces")
        .await?;
    let ben = builder.person("ben", "Ben Okafor", "member of northwind, editor of some workspaces").await?;
    let cleo = builder.person("cleo", "Cléo Martin", "viewer of northwind and of one workspace").await?;
    let dan = builder.person("dan", "Dan Iverson", "owns southgate, a stranger to northwind").await?;
    let kit = builder.person("kit", "Kit Nakamura", "has an account and belongs nowhere").await?;
    let (northwind, account) = builder.northwind([&ada, &oscar, &ben, &cleo]).await.map_err(told)?;
    let southgate = builder.southgate(&dan).await.map_err(told)?;
    Ok(Estate {
        organizations: vec![northwind, southgate],
        people: vec![root, ada, oscar, ben, cleo, dan, kit],
        service_accounts: vec![account],
    })
}

struct Builder<'a> {
    core: &'a Core,
    clock: &'a Backdated,
    caller: Caller,
}

impl Builder<'_> {
    async fn person(&self, username: &str, name: &str, about: &'static str) -> Result<Person> {
        let password = password();
        let made = self.core.create_user(&self.caller, new_user(username, name, &password)).await;
        let (user, token) = made.map_err(told)?;
        Ok(Person {
            id: user.id,
            username: user.username,
            email: user.email.unwrap_or_default(),
            password,
            token: token.secret.expose().to_owned(),
            about,
        })
    }

    async fn northwind(&mut self, people: [&Person; 4]) -> Result<(MadeOrganization, ServiceAccount), Error> {
        let [ada, oscar, ben, cleo] = people;
        let root = self.caller.clone();
        let as_ada = self.core.authenticate(&ada.token).await?;
        let as_ben = self.core.authenticate(&ben.token).await?;
        let made = self
            .core
            .create_organization(
                &as_ada,
                NewOrganization {
                    name: "northwind".to_owned(),
                    description: Some("Offshore wind and what lies below it".to_owned()),
                    logo_url: Some("https://northwind.example/logo.svg".to_owned()),
                    links: vec![Link {
                        name: "Handbook".to_owned(),
                        url: "https://northwind.example/handbook".to_owned(),
                    }],
                    ..NewOrganization::default()
                },
            )
            .await?;
        let organization = OrganizationRef::Id(made.id);
        for (person, role) in [
            (oscar, BuiltinRole::OrganizationAdmin),
            (ben, BuiltinRole::OrganizationMember),
            (cleo, BuiltinRole::OrganizationViewer),
        ] {
            // Only who runs the server may add an account by its id.
            self.core.add_organization_user(&root, organization.clone(), person.id, role).await?;
        }
        let account = NewServiceAccount::new("northwind-ci", BuiltinRole::OrganizationMember);
        let account = self.core.create_service_account(&as_ada, organization.clone(), account).await?;
        self.core
            .create_role(
                &as_ada,
                organization.clone(),
                NewRole {
                    id: None,
                    level: Level::Workspace,
                    title: "Release Manager".to_owned(),
                    description: Some("Sees a workspace and its people and changes its settings".to_owned()),
                    permissions: PermissionSet::of(&[
                        Permission::ReadWorkspace,
                        Permission::UpdateWorkspace,
                        Permission::ReadWorkspaceUsers,
                    ]),
                    content: ContentRights::NONE,
                },
            )
            .await?;
        let mut ids = Vec::new();
        for (index, sample) in samples().into_iter().enumerate() {
            self.clock.pass_hours(17);
            let maker = if sample.by_ben { &as_ben } else { &as_ada };
            let new = NewWorkspace {
                name: sample.name.to_owned(),
                fields: sample.fields,
                ..NewWorkspace::default()
            };
            let id = self.core.create_workspace(maker, organization.clone(), new).await?.seen.workspace.id;
            self.clock.pass_hours(2);
            if let Some(report) = sample.report {
                self.core.report_workspace_status(maker, at(made.id, id), report).await?;
            }
            let roles =
                |roles: &[BuiltinRole]| roles.iter().copied().map(RoleName::Builtin).collect::<Vec<_>>();
            let give = async |person: PrincipalId, wanted: Vec<RoleName>| {
                self.core.add_user(maker, at(made.id, id), Named::Id(person), wanted).await.map(drop)
            };
            if !sample.by_ben && index % 3 == 0 {
                give(ben.id, roles(&[BuiltinRole::WorkspaceEditor])).await?;
            }
            if index == 1 {
                give(cleo.id, roles(&[BuiltinRole::WorkspaceViewer])).await?;
                give(ben.id, vec![RoleName::Title("Release Manager".to_owned())]).await?;
            }
            if index == 2 || index == 4 {
                give(account.account.id, roles(&[BuiltinRole::WorkspaceViewer])).await?;
            }
            ids.push(id);
        }
        if let Some(first) = ids.first() {
            self.invitations(&as_ada, made.id, *first).await?;
        }
        if let Some(last) = ids.last() {
            self.core.delete_workspace(&as_ada, at(made.id, *last), None, true).await?;
        }
        let organization = made.id.to_string();
        Ok((
            MadeOrganization { id: made.id, key: made.key },
            ServiceAccount {
                name: account.account.username,
                id: account.account.id,
                organization,
                client_id: account.client.credential.id.to_string(),
                client_secret: account.client.secret.expose().to_owned(),
                api_key: account.api_key.secret.expose().to_owned(),
            },
        ))
    }

    /// Expired ones first, then, 27 days later, pending ones; one of each at both levels.
    async fn invitations(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        workspace: WorkspaceId,
    ) -> Result<(), Error> {
        for (days, when) in [(0, "early"), (27, "late")] {
            self.clock.pass_hours(days * 24);
            let to = |level: &str| format!("{when}.{level}@partner.example");
            let organization_ref = OrganizationRef::Id(organization);
            let member = BuiltinRole::OrganizationMember;
            self.core.invite(caller, organization_ref, to("member"), vec![RoleName::Builtin(member)]).await?;
            let roles = vec![RoleName::Builtin(BuiltinRole::WorkspaceEditor)];
            self.core.invite(caller, at(organization, workspace), to("editor"), roles).await?;
        }
        Ok(())
    }

    async fn southgate(&self, dan: &Person) -> Result<MadeOrganization, Error> {
        let as_dan = self.core.authenticate(&dan.token).await?;
        let new = NewOrganization { name: "southgate".to_owned(), ..NewOrganization::default() };
        let made = self.core.create_organization(&as_dan, new).await?;
        for name in ["Quarry", "Tunnel"] {
            self.clock.pass_hours(5);
            let new = NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() };
            self.core.create_workspace(&as_dan, OrganizationRef::Id(made.id), new).await?;
        }
        Ok(MadeOrganization { id: made.id, key: made.key })
    }
}

struct Sample {
    name: &'static str,
    by_ben: bool,
    fields: WorkspaceChange,
    report: Option<StatusReport>,
}

fn samples() -> Vec<Sample> {
    let plain = |name| Sample { name, by_ben: false, fields: WorkspaceChange::default(), report: None };
    let in_state = |name, desired, status| Sample {
        fields: WorkspaceChange { desired_state: Some(desired), ..WorkspaceChange::default() },
        report: Some(StatusReport { status: Some(status), ..StatusReport::default() }),
        ..plain(name)
    };
    vec![
        Sample { fields: north_sea(), ..plain("North Sea") },
        Sample {
            fields: served_by_zenml(),
            report: Some(StatusReport {
                status: Some(State::Available),
                zenml_status: Some(r#"{"server_url":"https://reservoirs.northwind.example","version":"0.98.0","storage_size":52428800,"storage_access_blocked":false}"#.to_owned()),
                usage: Some(BTreeMap::from([("pipelines".to_owned(), 12), ("runs".to_owned(), 340)])),
                ..StatusReport::default()
            }),
            ..plain("Reservoir Models")
        },
        Sample {
            fields: served_by_mlflow(),
            report: Some(StatusReport {
                status: Some(State::Available),
                mlflow_status: Some(r#"{"server_url":"https://mlflow.northwind.example","username":"tracking","password":null}"#.to_owned()),
                ..StatusReport::default()
            }),
            ..plain("Turbine Forecasts")
        },
        in_state("Seabed Survey", State::Available, State::Pending),
        in_state("Cable Routes", State::Available, State::Failed),
        in_state("Legacy Grid", State::Deactivated, State::Deactivated),
        in_state("Old Experiments", State::Deleted, State::Deleted),
        Sample { by_ben: true, ..plain("Ben's Bench") },
        Sample {
            fields: WorkspaceChange { description: Some(Some("Übergabe an die Küste".to_owned())), ..WorkspaceChange::default() },
            ..plain("Küste 日本")
        },
        Sample { fields: labelled(&["archive"]), ..plain("archive 2024") },
        Sample { fields: labelled(&["scratch"]), ..plain("Zz scratch") },
        plain("Abandoned Idea"),
    ]
}

fn north_sea() -> WorkspaceChange {
    let ring = [[1.5, 53.0], [4.5, 53.0], [4.5, 56.5], [1.5, 56.5], [1.5, 53.0]];
    WorkspaceChange {
        description: Some(Some("Wind farms between Dogger Bank and the Dutch coast".to_owned())),
        labels: Some(vec!["offshore".to_owned(), "wind".to_owned()]),
        bounding_box: Some(BoundingBox::new(&ring).ok()),
        coordinate_system: Some(Some("EPSG:23031".to_owned())),
        icon: Some(Some("wind".to_owned())),
        icon_color: Some(Some("#0b7285".to_owned())),
        preferences: Some(Preferences {
            support_team_access: true,
            time_zone: Some("Europe/Oslo".to_owned()),
            time_format: Some(TimeFormat::TwentyFourHour),
            date_format: Some(DateFormat::YearMonthDayDash),
            decimal_symbol: Some(DecimalSymbol::Comma),
            decimal_places: Some(2),
            measurement_system: Some(MeasurementSystem::Metric),
            ..Preferences::default()
        }),
        ..WorkspaceChange::default()
    }
}

fn served_by_zenml() -> WorkspaceChange {
    WorkspaceChange {
        description: Some(Some("Pipelines that turn seismic volumes into reservoir models".to_owned())),
        desired_state: Some(State::Available),
        zenml_configuration: Some(
            r#"{"version":"0.98.0","analytics_enabled":false,"secrets_store":{"type":"sql"},"backup_secrets_store":null,"admin":{"image_repository":"zenmldocker/zenml-server","image_tag":"0.98.0","debug":false,"service_tier":"basic","resources":{"replicas":1,"cpu":"500m","memory":"1Gi"}}}"#.to_owned(),
        ),
        ..labelled(&["ml", "production"])
    }
}

fn served_by_mlflow() -> WorkspaceChange {
    WorkspaceChange {
        desired_state: Some(State::Available),
        mlflow_configuration: Some(
            r#"{"version":"3.18.0","artifact_store":{"type":"cloud","auth_config":{},"auth_config_secret":null},"admin":{"service_tier":"basic","resources":{"replicas":1,"cpu":"250m","memory":"512Mi"}}}"#.to_owned(),
        ),
        ..labelled(&["ml"])
    }
}

fn labelled(labels: &[&str]) -> WorkspaceChange {
    WorkspaceChange {
        labels: Some(labels.iter().map(|label| (*label).to_owned()).collect()),
        ..WorkspaceChange::default()
    }
}

fn new_user(username: &str, name: &str, password: &str) -> NewUser {
    NewUser {
        username: Some(username.to_owned()),
        email: format!("{username}@tenantry.example"),
        display_name: Some(name.to_owned()),
        password: Some(password.to_owned()),
        ..NewUser::default()
    }
}

/// Sixteen letters that nobody guesses.
fn password() -> String {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

const fn at(organization: OrganizationId, workspace: WorkspaceId) -> (OrganizationRef, WorkspaceRef) {
    (OrganizationRef::Id(organization), WorkspaceRef::Id(workspace))
}

fn told(error: Error) -> anyhow::Error {
    let text = error.public().to_owned();
    anyhow::Error::new(error).context(text)
}
