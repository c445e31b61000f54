use super::*;

#[test]
fn there_is_a_page_for_every_command() {
    let pages = all(&crate::command()).expect("pages are made in memory");
    let files: Vec<&str> = pages.iter().map(|page| page.file.as_str()).collect();
    for file in [
        "gatos.1",
        "gatos-event.1",
        "gatos-event-append.1",
        "gatos-import-git-log.1",
        "git-gatos.1",
    ] {
        assert!(files.contains(&file), "{file} in {files:?}");
    }
    for manual in verbs::MANUALS {
        let page = pages.iter().find(|page| page.command == manual.command);
        let roff = &page
            .unwrap_or_else(|| panic!("no page for {}", manual.command))
            .roff;
        for part in [
            ".TH \"GATOS-",
            ".SH NAME",
            ".SH SYNOPSIS",
            ".SH EXAMPLES",
            ".SH \"EXIT STATUS\"",
        ] {
            assert!(roff.contains(part), "{part} in {}: {roff}", manual.command);
        }
    }
}

#[test]
fn pages_hold_no_date_so_that_they_are_the_same_everywhere() {
    let first = all(&crate::command()).expect("pages are made in memory");
    let again = all(&crate::command()).expect("pages are made in memory");
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(first.roff, again.roff);
    }
}

/// groff is the reader of these pages; where it is installed it must not complain.
#[test]
fn groff_reads_every_page_without_a_warning() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for page in all(&crate::command()).expect("pages are made in memory") {
        if page.roff.starts_with(".so") {
            continue;
        }
        let path = folder.path().join(&page.file);
        std::fs::write(&path, &page.roff).expect("writable");
        let groff = std::process::Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-z"])
            .arg(&path)
            .output();
        let Ok(output) = groff else {
            println!("groff is not installed: pages not read");
            return;
        };
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && complaints.is_empty(),
            "{}: {complaints}",
            page.file
        );
    }
}
