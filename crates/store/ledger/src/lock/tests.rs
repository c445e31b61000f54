use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const NOW: Duration = Duration::ZERO;

#[test]
fn a_held_lock_is_refused_with_its_owner_and_free_after_the_drop() {
    let directory = tempfile::tempdir().unwrap();
    let lock = WriterLock::acquire(directory.path(), NOW).unwrap();
    let error = WriterLock::acquire(directory.path(), NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Locked);
    let LockError::Locked { owner, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(owner.process_id, Some(std::process::id()));
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    let holder = WriterLock::holder(directory.path()).unwrap();
    assert_eq!(holder.as_ref(), Some(owner));
    drop(lock);
    assert_eq!(WriterLock::holder(directory.path()).unwrap(), None);
    assert_eq!(
        std::fs::read(directory.path().join(LOCK_FILE)).unwrap(),
        b"",
        "no ghost is named"
    );
    WriterLock::acquire(directory.path(), NOW).unwrap();
}

#[test]
fn a_waiter_gets_the_lock_once_it_is_given_back() {
    let directory = tempfile::tempdir().unwrap();
    let lock = WriterLock::acquire(directory.path(), NOW).unwrap();
    let released = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let lock = WriterLock::acquire(directory.path(), Duration::from_secs(20)).unwrap();
            assert!(
                released.load(Ordering::SeqCst),
                "the lock was had while held"
            );
            lock
        });
        std::thread::sleep(Duration::from_millis(30));
        released.store(true, Ordering::SeqCst);
        drop(lock);
        waiter.join().unwrap();
    });
}

#[test]
fn who_lets_go_and_comes_again_queues_up_behind_a_waiter() {
    let directory = tempfile::tempdir().unwrap();
    let patience = Duration::from_secs(60);
    let (waiting, had) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let mut lock = WriterLock::acquire(directory.path(), patience).unwrap();
        scope.spawn(|| {
            waiting.store(true, Ordering::SeqCst);
            let lock = WriterLock::acquire(directory.path(), patience).unwrap();
            had.store(true, Ordering::SeqCst);
            drop(lock);
        });
        while !waiting.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        // By now the waiter stands in the turnstile, whichever way threads are scheduled.
        std::thread::sleep(Duration::from_millis(100));
        // Without a turnstile nobody could get in between these two lines.
        drop(lock);
        lock = WriterLock::acquire(directory.path(), patience).unwrap();
        assert!(had.load(Ordering::SeqCst), "the waiter was passed over");
        drop(lock);
    });
}

#[test]
fn waiting_ends_at_the_timeout() {
    let directory = tempfile::tempdir().unwrap();
    let _lock = WriterLock::acquire(directory.path(), NOW).unwrap();
    let begun = Instant::now();
    let error = WriterLock::acquire(directory.path(), Duration::from_millis(40)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Locked);
    assert!(begun.elapsed() >= Duration::from_millis(40));
}

#[test]
fn only_one_of_many_threads_is_inside() {
    let directory = tempfile::tempdir().unwrap();
    let inside = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let lock = WriterLock::acquire(directory.path(), Duration::from_secs(60));
                    let lock = lock.unwrap();
                    assert!(!inside.swap(true, Ordering::SeqCst));
                    inside.store(false, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
}

#[test]
fn a_killed_owner_leaves_a_free_lock() {
    // The helper process is this test binary again, running `hold_the_lock_until_killed`.
    let directory = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lock::tests::hold_the_lock_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env("GATOS_TEST_LOCK_DIRECTORY", directory.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let holder = loop {
        if let Some(owner) = WriterLock::holder(directory.path()).unwrap()
            && owner.process_id.is_some()
        {
            break owner;
        }
        assert!(Instant::now() < deadline, "the child never took the lock");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(holder.process_id, Some(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    WriterLock::acquire(directory.path(), Duration::from_secs(5)).unwrap();
}

#[test]
#[ignore = "a helper process of `a_killed_owner_leaves_a_free_lock`"]
fn hold_the_lock_until_killed() {
    let directory = std::env::var_os("GATOS_TEST_LOCK_DIRECTORY").expect("set by the parent");
    let _lock = WriterLock::acquire(Path::new(&directory), NOW).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn owner_lines_read_back_and_hostile_ones_do_no_harm() {
    let owner = Owner::this_process();
    assert_eq!(Owner::from_line(owner.to_line().as_bytes()), owner);
    for bytes in [
        &b""[..],
        b"\xff\xfe\n",
        b"12\t\x1b[31mred\t",
        b"99999999999999999999\tx\ty\tz",
    ] {
        let owner = Owner::from_line(bytes);
        assert!(!owner.to_string().contains('\x1b'));
    }
    assert_eq!(Owner::from_line(b"").to_string(), "an unknown process");
}

#[test]
fn times_are_written_as_people_expect() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (4_102_444_800, "2100-01-01T00:00:00Z"),
    ] {
        assert_eq!(time_text(UNIX_EPOCH + Duration::from_secs(seconds)), text);
    }
}

#[test]
fn a_path_through_a_plain_file_is_an_io_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("plain"), b"").unwrap();
    let error = WriterLock::acquire(&directory.path().join("plain/gatos"), NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Io);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let closed = directory.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    let result = WriterLock::acquire(&closed.join("gatos"), NOW);
    if rustix::process::geteuid().is_root() {
        // Permissions do not bind root; a path in the kernel's own tree does.
        result.unwrap();
        let error = WriterLock::acquire(Path::new("/proc/self/gatos"), NOW).unwrap_err();
        assert!(
            matches!(error.code(), ErrorCode::Io | ErrorCode::ReadOnly),
            "{error}"
        );
    } else {
        assert_eq!(result.unwrap_err().code(), ErrorCode::ReadOnly);
    }
}
