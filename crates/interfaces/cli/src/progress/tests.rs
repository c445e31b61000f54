use super::*;

#[test]
fn the_templates_of_both_kinds_of_bar_are_valid() {
    for template in [TEMPLATE_COUNTED, TEMPLATE_OPEN] {
        assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
    }
}

#[test]
fn a_new_stage_replaces_the_bar_of_the_last() {
    let mut bars = Bars::new(true);
    bars.draw(Progress {
        stage: "reading",
        done: 3,
        total: None,
    });
    bars.draw(Progress {
        stage: "reading",
        done: 5,
        total: Some(10),
    });
    let (stage, bar) = bars.current.as_ref().expect("a bar is drawn");
    assert_eq!(
        (stage.as_str(), bar.position(), bar.length()),
        ("reading", 5, Some(10))
    );
    bars.draw(Progress {
        stage: "signing",
        done: 1,
        total: Some(2),
    });
    let (stage, bar) = bars.current.as_ref().expect("a bar is drawn");
    assert_eq!(
        (stage.as_str(), bar.position(), bar.length()),
        ("signing", 1, Some(2))
    );
    bars.finish();
    assert!(bars.current.is_none());
}

#[test]
fn unseen_bars_are_not_made() {
    let mut bars = Bars::new(false);
    bars.draw(Progress {
        stage: "reading",
        done: 3,
        total: None,
    });
    assert!(bars.current.is_none());
}
