//! Power cuts: a file system on a loop device is shut down without flushing its log, while a writer works.
//!
//! The shutdown ioctl (`EXT4_IOC_SHUTDOWN` and `XFS_IOC_GOINGDOWN`, one number, flag 2 = no log flush) drops
//! everything that was not flushed; mounting again replays the journal, as after a real cut. What a disk
//! keeps in a cache of its own is not simulated. Needs root, a loop device and `mkfs`; says so where they
//! are missing. Python makes the call, so that no code of ours is `unsafe`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::books::Books;
use crate::dice::{self, Dice, tell};
use crate::lanes::Lane;
use crate::scene::{self, Scene};
use crate::stock;
use crate::work::{CallName, Mix};
use crate::writer::Orders;

/// XFS makes none smaller than 300 MB.
const IMAGE_BYTES: u64 = 320 << 20;
/// A new file system after so many cuts.
const CUTS_PER_IMAGE: u64 = 10;
const SHUTDOWN: &str = "import fcntl, os, struct, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(folder, 0x8004587D, struct.pack('I', 2))";

#[test]
fn power_is_cut_on_ext4() {
    run("ext4", dice::number_from("GATOS_CRASH_CUTS", 2));
}

#[test]
fn power_is_cut_on_xfs() {
    run("xfs", dice::number_from("GATOS_CRASH_CUTS", 2));
}

fn run(kind: &str, cut_count: u64) {
    let seed = dice::seed();
    tell(&format!("{kind}: {cut_count} power cuts, seed {seed}"));
    let mut dice = Dice::new(seed ^ kind.len() as u64);
    let (mut cuts, mut acknowledged, mut events) = (0, 0, 0);
    while cuts < cut_count {
        let image = match Image::make(kind) {
            Ok(image) => image,
            Err(reason) => {
                tell(&format!("SKIPPED: power cuts on {kind}: {reason}"));
                return;
            }
        };
        let mut machine = Machine::new(image, dice.roll());
        for _ in 0..CUTS_PER_IMAGE.min(cut_count - cuts) {
            cuts += 1;
            if let Err(complaint) = machine.work_and_cut() {
                machine.image.keep();
                panic!(
                    "{complaint}\n  at cut {cuts} on {kind}; the image is left at {}\n  again: GATOS_CRASH_SEED={seed} GATOS_CRASH_CUTS={cut_count} cargo test -p gatos-node --test crash power_is_cut_on_{kind} -- --nocapture",
                    machine.image.file().display()
                );
            }
        }
        acknowledged += machine.books.acknowledged_count();
        events += machine.books.event_count();
    }
    tell(&format!(
        "{kind}: {cuts} power cuts, {acknowledged} events acknowledged, {events} in Git; 0 lost"
    ));
}

/// A repository on an image, through one cut after another.
struct Machine {
    image: Image,
    scene: Scene,
    books: Books,
    dice: Dice,
    unfinished: Vec<CallName>,
}

impl Machine {
    fn new(image: Image, seed: u64) -> Machine {
        // Keys lie outside: what is tested is the repository.
        let scene = Scene::at(
            &image.mount_point().join("repository"),
            &image.folder().join("home"),
        );
        // The making of a repository is not what is cut here.
        stock::run(
            image.folder(),
            "sync",
            &["-f", &image.mount_point().to_string_lossy()],
        )
        .expect("the new repository is flushed");
        Machine {
            image,
            scene,
            books: Books::default(),
            dice: Dice::new(seed),
            unfinished: Vec::new(),
        }
    }

    fn work_and_cut(&mut self) -> Result<(), String> {
        let mix = match self.dice.one_in(4) {
            true => Mix::VisibleSingles,
            false => Mix::Everything,
        };
        let orders = Orders {
            repository: self.scene.repository().to_owned(),
            home: self.scene.home().to_owned(),
            seed: mix.seed(self.dice.roll()),
            thread_count: self.dice.between(1, 4),
            calls_per_turn: self.dice.one_in(4).then(|| self.dice.between(1, 6)),
            calls_per_upkeep: (mix == Mix::VisibleSingles).then(|| self.dice.between(2, 12)),
            background: !self.dice.one_in(3),
            repeat: std::mem::take(&mut self.unfinished),
        };
        let lane = Lane::start_writer(&orders, &self.image.folder().join("writer.errors"));
        if !self.dice.one_in(5) {
            // Otherwise the cut may come during the recovery from the one before.
            lane.wait_until(Duration::from_secs(60), |heard| heard.call_count > 0);
        }
        std::thread::sleep(Duration::from_millis(self.dice.below(700)));
        let mount_point = self.image.mount_point().to_owned();
        stock::run(
            self.image.folder(),
            "python3",
            &["-c", SHUTDOWN, &mount_point.to_string_lossy()],
        )?;
        let heard = lane.kill_after_cut();
        for (name, done) in &heard.tried {
            if !done {
                self.unfinished.push(*name);
            }
        }
        for name in orders.repeat {
            if heard.tried.get(&name) != Some(&true) && !self.unfinished.contains(&name) {
                self.unfinished.push(name);
            }
        }
        self.books.note(heard.acknowledged);
        self.image.unmount()?;
        self.image.mount()?;
        self.books.check_untouched(self.scene.repository())?;
        self.recover()?;
        self.books.check_recovered(&self.scene)
    }

    fn recover(&mut self) -> Result<(), String> {
        let name = CallName {
            writer: Mix::VisibleSingles.seed(self.dice.roll()),
            thread: 0,
            number: 0,
        };
        let acknowledged = self
            .scene
            .append(name)
            .map_err(|fault| format!("the next append does not work: {fault}"))?;
        self.books.note(acknowledged);
        Ok(())
    }
}

/// A file system in a file, mounted.
pub struct Image {
    folder: Option<tempfile::TempDir>,
    path: PathBuf,
    mount_point: PathBuf,
}

impl Image {
    pub fn make(kind: &str) -> Result<Image, String> {
        Image::make_sized(kind, IMAGE_BYTES)
    }

    /// Makes and mounts one, or says what is missing here.
    pub fn make_sized(kind: &str, bytes: u64) -> Result<Image, String> {
        let folder = scene::temporary_folder();
        let path = folder.path().to_owned();
        let mount_point = path.join("disk");
        std::fs::create_dir(&mount_point).map_err(|error| error.to_string())?;
        let file = std::fs::File::create(path.join("image")).map_err(|error| error.to_string())?;
        file.set_len(bytes).map_err(|error| error.to_string())?;
        let options: &[&str] = match kind {
            "ext4" => &["-q", "-F", "image"],
            _ => &["-q", "image"],
        };
        let program = format!("mkfs.{kind}");
        let found = ["/usr/sbin", "/sbin"]
            .iter()
            .map(|folder| format!("{folder}/{program}"))
            .find(|path| Path::new(path).exists())
            .unwrap_or(program);
        stock::run(&path, &found, options)?;
        let image = Image {
            folder: Some(folder),
            path,
            mount_point,
        };
        image
            .mount()
            .map_err(|reason| format!("{reason} (root and a loop device are needed)"))?;
        Ok(image)
    }

    /// A tmpfs of this size instead of an image.
    pub fn memory(bytes: u64) -> Result<Image, String> {
        let folder = scene::temporary_folder();
        let path = folder.path().to_owned();
        let mount_point = path.join("disk");
        std::fs::create_dir(&mount_point).map_err(|error| error.to_string())?;
        let size = format!("size={bytes}");
        stock::run(
            &path,
            "mount",
            &["-t", "tmpfs", "-o", &size, "none", "disk"],
        )
        .map_err(|reason| format!("{reason} (root is needed)"))?;
        Ok(Image {
            folder: Some(folder),
            path,
            mount_point,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.path
    }

    pub fn mount_point(&self) -> &Path {
        &self.mount_point
    }

    fn file(&self) -> PathBuf {
        self.path.join("image")
    }

    fn mount(&self) -> Result<(), String> {
        stock::run(&self.path, "mount", &["-o", "loop", "image", "disk"]).map(drop)
    }

    /// A process that was just killed, or a git that it had started, may still be letting go.
    fn unmount(&self) -> Result<(), String> {
        let mut last = Ok(());
        for _ in 0..100 {
            last = stock::run(&self.path, "umount", &["disk"]).map(drop);
            if last.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        last
    }

    pub fn remount(&self, options: &str) -> Result<(), String> {
        let options = format!("remount,{options}");
        stock::run(&self.path, "mount", &["-o", &options, "disk"]).map(drop)
    }

    fn keep(&mut self) {
        if let Some(folder) = self.folder.take() {
            let _ = folder.keep();
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = self.unmount();
    }
}
