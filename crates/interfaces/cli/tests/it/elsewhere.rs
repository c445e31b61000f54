//! A history of rotation, revocation and quorum has the same verdicts in clones with other clocks, zones and locales.
//!
//! The script acts and writes down what came of each step. Each clone then verifies everything and answers by itself;
//! not a byte of the answers may differ. The clock is replaced below the program, where a C compiler is at hand.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::stage::{Stage, run};

/// What a step of the script comes to: `yes`, or the code of the refusal.
const HISTORY: &str = r#"
says() {
    if "$@" >../out 2>../err; then echo "$2 $3: yes"; else echo "$2 $3: $(sed -n 's/^error\[\([A-Z_]*\)\]:.*/\1/p' ../err)"; fi
}
tick() { says gatos event append --ns ops --type tick --payload "{\"k\":$1}" --actor service:ci --cap journal:append; }
key() { gatos actor list --json | jq -r ".actors[] | select(.actor == \"$1\") | .keys[-1]"; }
gatos init -q ledger && cd ledger
gatos actor add -q user:grace
gatos actor add -q service:ci
gatos trust group -q review user:grace
gatos foldc -q ../fold.yaml -o fold.rgf
gatos fold install -q --ns ops fold.rgf
gatos policy init -q --template minimal
gatos policyc -q policy.rgs -o policy.rgc
gatos policy activate -q policy.rgc --source policy.rgs
tick 1
gatos trust grant -q service:ci --cap journal:append --resource 'gatos://ledger/**' --until-epoch 1
tick 2
gatos epoch new -q ops
tick 3
gatos trust grant -q service:ci --cap journal:append --resource 'gatos://ledger/**'
tick 4
old=$(key service:ci)
says gatos trust rotate $old
tick 5
export GATOS_KEY=$old; tick 6; unset GATOS_KEY
for grant in $(gatos grants list --json | jq -r '.grants[] | select(.subject == "service:ci") | .grant'); do
    gatos trust revoke -q $grant
done
tick 7
gatos trust quorum -q policy '1 of review and 1 of governors'
sed 's/journal:append/journal:write/' policy.rgs >other.rgs
gatos policyc -q other.rgs -o other.rgc
gatos policy activate -q other.rgc --source other.rgs --propose
p=$(gatos grants list --json | jq -r '.proposals[0].proposal')
gatos approve -q $p --actor user:ada >../out
gatos grants show $p --json | jq -c '[.state, .approvers]'
says gatos grants proof $p -o ../early.json
gatos approve -q $p --actor user:grace >../out
gatos grants show $p --json | jq -c '.state'
gatos grants proof -q $p -o ../consensus.json
gatos fold run -q --ns ops
"#;

const EXPECTED: &str = "event append: POLICY_DENY
event append: yes
event append: CAP_EXPIRED
event append: yes
trust rotate: yes
event append: yes
event append: UNKNOWN_KEY
event append: POLICY_DENY
[\"open\",[\"user:ada\"]]
grants proof: QUORUM_NOT_MET
\"made\"
";

/// What every clone is asked.
const QUESTIONS: &str = "
gatos verify --json
gatos trust verify --json
gatos trust log --json
gatos grants list --json
gatos policy list --json
gatos epoch verify ops --json
gatos fold verify --ns ops --json
gatos state show --ns ops state/ops/counts.json
gatos grants verify ../consensus.json --json
gatos verify
gatos trust log
";

const FOLD: &str = "version: 1
reducers:
  - kind: count-by
    key: \"$.k\"
emit:
  - path: \"state/ops/counts.json\"
";

/// A library that says which second it is, whatever the machine says.
const CLOCK: &str = "#include <time.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    if (id != CLOCK_REALTIME) return syscall(SYS_clock_gettime, id, t);
    t->tv_sec = SECONDS; t->tv_nsec = 0; return 0;
}
int gettimeofday(struct timeval *t, void *z) { (void)z; t->tv_sec = SECONDS; t->tv_usec = 0; return 0; }
time_t time(time_t *t) { if (t) *t = SECONDS; return SECONDS; }
";

/// 2001-09-09 and 2096-10-02.
const CLOCKS: [&str; 2] = ["1000000000", "4000000000"];

const ZONES: [(&str, &str, &str); 2] = [
    ("Pacific/Kiritimati", "tr_TR.UTF-8", "077"),
    ("America/St_Johns", "C", "000"),
];

#[test]
fn verdicts_do_not_depend_on_the_place() {
    let stage = Stage::new();
    fs::write(stage.work().join("fold.yaml"), FOLD).expect("writable");
    assert_eq!(shell(stage.command("sh"), HISTORY), EXPECTED);
    let here = answers(&stage, "here", "022", stage.command("sh"));
    assert!(here.contains("everything holds"), "{here}");
    for (index, (zone, locale, umask)) in ZONES.into_iter().enumerate() {
        let name = format!("there-{index}");
        let mut command = stage.command("sh");
        command
            .env("TZ", zone)
            .envs(["LC_ALL", "LANG", "LANGUAGE"].map(|name| (name, locale)))
            .env("HOME", stage.root().join(&name))
            .env("GATOS_HOME", stage.root().join(&name).join("home"))
            .env("USER", "somebody");
        match clock(&stage, CLOCKS[index]) {
            Some(library) => drop(command.env("LD_PRELOAD", library)),
            None => eprintln!("SKIPPED: another clock: no C compiler makes a library here"),
        }
        assert_eq!(answers(&stage, &name, umask, command), here, "{zone}");
    }
}

/// Clones, and asks the clone.
fn answers(stage: &Stage, name: &str, umask: &str, command: Command) -> String {
    fs::create_dir_all(stage.root().join(name)).expect("writable");
    let clone = format!("umask {umask}\ngatos clone -q ledger {name} && cd {name}\n");
    shell(command, &format!("{clone}{QUESTIONS}"))
}

fn shell(mut command: Command, script: &str) -> String {
    command.args(["-e", "-c", script]);
    let output = run(command, b"");
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{said}\n{complained}");
    said
}

fn clock(stage: &Stage, seconds: &str) -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return None;
    }
    let (source, library) = (
        stage.root().join("clock.c"),
        stage.root().join(format!("clock-{seconds}.so")),
    );
    fs::write(&source, CLOCK).expect("writable");
    let mut compiler = stage.command("cc");
    compiler
        .arg(format!("-DSECONDS={seconds}L"))
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source]);
    if !compiler
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return None;
    }
    // Only a clock that is believed is another clock.
    let mut date = stage.command("date");
    date.arg("+%s").env("LD_PRELOAD", &library);
    let said = date.output().ok()?.stdout;
    (said.trim_ascii() == seconds.as_bytes()).then_some(library)
}
