//! Profiles: who enforces what, where, and whether this clone is set up for it.
//!
//! `local` — the writer judges its own appends. `push-gate` — a bare repository whose hooks judge every push.
//! A profile is a set of defaults; [`Node::doctor_profile`] compares them with what is really there.
//! Page: docs/guide/profiles.md. Tests: ../tests/it/profile.rs.

use std::path::{Path, PathBuf};

use gatos_ledger::hooks::{self, Hook};
use gatos_ledger::settings::Severity;
use gatos_ledger::{Repository, settings};
use gatos_values::{Actor, ErrorCode};

use crate::doctor::DoctorReport;
use crate::fault::{Fault, Outcome};
use crate::gate::export::INSIDE;
use crate::governance;
use crate::keys;
use crate::node::Node;

/// The setting that names the profile.
pub(crate) const PROFILE_SETTING: &str = "gatos.profile";
/// The setting that names the program the hook runs.
pub(crate) const PROGRAM_SETTING: &str = "gatos.program";
/// The setting that names the folder of keys the hook uses.
const HOME_SETTING: &str = "gatos.home";
/// The setting that says how many governance versions an event may lie behind.
const LAG_SETTING: &str = "gatos.policyLag";
/// The actor of a push gate's own key.
pub(crate) const GATE_ACTOR: &str = "service:gate";

/// Who enforces what, where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The writer judges its own appends.
    Local,
    /// Hooks of a bare repository judge every push.
    PushGate,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 2] = [Profile::Local, Profile::PushGate];

    /// The word on the command line and in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Local => "local",
            Profile::PushGate => "push-gate",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    /// `USAGE`.
    pub fn parse(text: &str) -> Outcome<Profile> {
        let mut all = Profile::ALL.into_iter();
        all.find(|profile| profile.as_str() == text).ok_or_else(|| {
            Fault::new(
                ErrorCode::Usage,
                text,
                format!("profile `{text}` is not known to this version"),
            )
            .with_hint("use `--profile local` or `--profile push-gate`")
        })
    }

    /// How many governance versions an event may lie behind the newest; none for any.
    #[must_use]
    pub const fn policy_lag(self) -> Option<u64> {
        match self {
            Profile::Local => None,
            Profile::PushGate => Some(0),
        }
    }
}

/// Prepares a repository as a push gate, apart from its genesis: settings, hook, program, folder of keys.
pub(crate) fn prepare_gate(repository: &Repository, home: Option<&Path>) -> Outcome<Vec<String>> {
    settings::apply_to_gate(repository)?;
    let report = hooks::install_hook(repository, Hook::PreReceive)?;
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("gatos"));
    remember_path(repository, PROGRAM_SETTING, &program)?;
    let home = home
        .map(Path::to_owned)
        .or_else(|| keys::config_directory(|name| std::env::var_os(name)));
    if let Some(home) = home {
        remember_path(repository, HOME_SETTING, &home)?;
    }
    Ok(report.remarks)
}

/// Notes where this program is, for the hook `pre-push`, where nothing is noted yet. A program that merely contains
/// this library is no `gatos` that a hook could run.
pub(crate) fn remember_program(repository: &Repository) -> Outcome<()> {
    let Ok(program) = std::env::current_exe() else {
        return Ok(());
    };
    let is_gatos = program.file_stem().is_some_and(|stem| stem == "gatos");
    if is_gatos && settings::value(repository, PROGRAM_SETTING)?.is_none() {
        remember_path(repository, PROGRAM_SETTING, &program)?;
    }
    Ok(())
}

fn remember_path(repository: &Repository, setting: &str, path: &Path) -> Outcome<()> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = absolute.to_str().ok_or_else(|| {
        Fault::new(
            ErrorCode::Usage,
            absolute.display().to_string(),
            "a path that a hook has to find again must be UTF-8",
        )
    })?;
    Ok(settings::set(repository, setting, text)?)
}

impl Node {
    /// The profile of this clone.
    ///
    /// # Errors
    /// `USAGE` when the settings name one that is not known.
    pub fn profile(&self) -> Outcome<Profile> {
        match settings::value(self.repository(), PROFILE_SETTING)? {
            None => Ok(Profile::Local),
            Some(text) => Profile::parse(&text),
        }
    }

    /// How many governance versions an event may lie behind: the setting, else the profile's; none for any.
    pub(crate) fn policy_lag(&self) -> Outcome<Option<u64>> {
        match settings::value(self.repository(), LAG_SETTING)?.as_deref() {
            None => Ok(self.profile()?.policy_lag()),
            Some("any") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                Fault::new(
                    ErrorCode::Usage,
                    LAG_SETTING,
                    format!("`{LAG_SETTING}` is `{text}`, neither a number nor `any`"),
                )
            }),
        }
    }

    /// Compares this clone with the defaults of its profile.
    ///
    /// # Errors
    /// Only when nothing can be examined at all.
    pub fn doctor_profile(&self) -> Outcome<DoctorReport> {
        let mut report = DoctorReport::default();
        let profile = self.profile()?;
        report.checks = vec!["profile", "leaving"];
        report.add(
            Severity::Info,
            "profile",
            PROFILE_SETTING,
            format!("the profile is `{}`", profile.as_str()),
            "nothing to do",
        );
        self.check_leaving(&mut report)?;
        if profile == Profile::PushGate {
            report
                .checks
                .extend(["gate hook", "gate settings", "gate key", "namespaces"]);
            self.check_gate_hook(&mut report)?;
            self.check_gate_settings(&mut report)?;
            self.check_gate_key(&mut report);
            self.check_creation(&mut report)?;
        }
        let lag = self.policy_lag()?;
        if lag != profile.policy_lag() {
            report.add(
                Severity::Info,
                "profile",
                LAG_SETTING,
                format!(
                    "events may lie {} governance version(s) behind",
                    lag.map_or_else(|| "any number of".to_owned(), |lag| lag.to_string())
                ),
                format!("git config --unset {LAG_SETTING}"),
            );
        }
        Ok(report.sorted())
    }

    /// The hook that asks before data leave, and which remotes are inside.
    fn check_leaving(&self, report: &mut DoctorReport) -> Outcome<()> {
        for finding in hooks::inspect_hook(self.repository(), Hook::PrePush)? {
            report.add(
                Severity::Warning,
                "leaving",
                finding.hook,
                finding.evidence,
                finding.mend,
            );
        }
        for remote in settings::remotes(self.repository())? {
            let side = self.side_of(&remote)?;
            let (evidence, mend) = match side == INSIDE {
                true => (
                    "inside: everything may go there",
                    "nothing to do".to_owned(),
                ),
                false => (
                    "outside: kept namespaces stay here, and the policy is asked with `export`",
                    format!("git config remote.{remote}.gatosSide {INSIDE}"),
                ),
            };
            report.add(Severity::Info, "leaving", remote, evidence, mend);
        }
        Ok(())
    }

    fn check_gate_hook(&self, report: &mut DoctorReport) -> Outcome<()> {
        for finding in hooks::inspect_hook(self.repository(), Hook::PreReceive)? {
            report.add(
                Severity::Error,
                "gate hook",
                finding.hook,
                finding.evidence,
                finding.mend,
            );
        }
        let program = settings::value(self.repository(), PROGRAM_SETTING)?.unwrap_or_default();
        if !is_program(Path::new(&program)) {
            report.add(
                Severity::Error,
                "gate hook",
                PROGRAM_SETTING,
                format!("`{program}` is no program that can be run, so a `gatos` on the hook's PATH is needed"),
                format!("git config {PROGRAM_SETTING} /path/to/gatos"),
            );
        }
        if self.repository().work_dir().is_some() {
            report.add(
                Severity::Warning,
                "gate hook",
                "core.bare",
                "a push gate should be bare: a work tree is changed by nobody who pushes",
                "git clone --mirror it, and make the copy the gate",
            );
        }
        Ok(())
    }

    fn check_gate_settings(&self, report: &mut DoctorReport) -> Outcome<()> {
        for finding in settings::inspect_gate(self.repository())? {
            let have = finding.have.as_deref().unwrap_or("not set").to_owned();
            report.add(
                finding.severity,
                "gate settings",
                finding.key,
                format!("is `{have}`, should be `{}`: {}", finding.want, finding.why),
                finding.mend,
            );
        }
        Ok(())
    }

    /// Who may open a namespace: governance, or every enrolled key.
    fn check_creation(&self, report: &mut DoctorReport) -> Outcome<()> {
        let chain = self.governance()?;
        let (evidence, mend) = match chain.is_creation_governed_at(chain.version()) {
            true => (
                "only those that governance names admit events",
                "nothing to do",
            ),
            false => (
                "every enrolled key can open one that the policy allows",
                "gatos trust namespace NS --govern-creation",
            ),
        };
        report.add(
            Severity::Info,
            "namespaces",
            governance::GOVERNANCE_REF,
            evidence,
            mend,
        );
        Ok(())
    }

    fn check_gate_key(&self, report: &mut DoctorReport) {
        let signer = self.governance().and_then(|chain| self.node_signer(&chain));
        match signer {
            Ok(signer) => report.add(
                Severity::Info,
                "gate key",
                GATE_ACTOR,
                format!("key {} signs the audit journal", signer.public().key_id()),
                "nothing to do",
            ),
            Err(fault) => report.add(
                Severity::Error,
                "gate key",
                GATE_ACTOR,
                format!("{}, so every push is refused", fault.reason),
                fault.hint,
            ),
        }
    }
}

/// The actor whose key a push gate signs with.
pub(crate) fn gate_actor() -> Actor {
    Actor::parse(GATE_ACTOR).expect("it is a service")
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.is_absolute()
        && std::fs::metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_absolute() && path.is_file()
}
