//! Formatting random sources: the root stays, twice is once, no comment is lost; and explanations carry the decision.

use super::generator::{Chooser, context, source};
use gatos_policy::language::{Context, compile, explain, format_source};
use gatos_values::Text;

/// A comment above every third line and behind every fourth.
fn commented(source: &str, chooser: &mut Chooser) -> (String, usize) {
    let (mut text, mut count) = (String::new(), 0);
    for line in source.lines() {
        if chooser.percent(30) {
            text += "# it's above: \"x\"\n";
            count += 1;
        }
        text += line;
        if chooser.percent(25) {
            text += "   # behind 'it'";
            count += 1;
        }
        text += "\n";
    }
    (text, count)
}

#[test]
fn random_sources_keep_their_root_and_comments() {
    for seed in 0..300 {
        let mut chooser = Chooser::new(seed);
        let plain = source(&mut chooser);
        let Ok(compiled) = compile(&plain) else {
            continue;
        };
        let (text, comment_count) = commented(&plain, &mut chooser);
        let formatted = format_source(&text)
            .unwrap_or_else(|findings| panic!("seed {seed}: {}\n{text}", findings[0]));
        assert_eq!(
            compile(&formatted).map(|again| again.root).ok(),
            Some(compiled.root),
            "seed {seed}"
        );
        assert_eq!(
            format_source(&formatted).as_deref(),
            Ok(formatted.as_str()),
            "seed {seed}"
        );
        assert_eq!(
            formatted.matches("# ").count(),
            comment_count,
            "seed {seed}:\n{text}\n{formatted}"
        );
    }
}

#[test]
fn explanations_carry_the_decision_and_agree_with_it() {
    for seed in 0..300 {
        let mut chooser = Chooser::new(seed);
        let Ok(compiled) = compile(&source(&mut chooser)) else {
            continue;
        };
        let drawn = context(&mut chooser);
        let text = |text: &&str| Text::new(text).expect("assigned");
        let asked = Context {
            intent: drawn.intent,
            actor: drawn.actor.as_ref().map(text),
            caps: drawn
                .caps
                .as_ref()
                .map(|caps| caps.iter().map(text).collect()),
            labels: drawn
                .labels
                .as_ref()
                .map(|labels| labels.iter().map(text).collect()),
            remote: drawn.remote.as_ref().map(text),
            remote_addr: drawn.remote_addr.as_ref().map(text),
            epoch: drawn.epoch,
            path: drawn.path.as_ref().map(text),
            resource: drawn.resource.as_ref().map(text),
            payload: drawn.payload,
            trust: drawn.trust,
        };
        assert_eq!(
            Context::from_value(&asked.to_value()).as_ref(),
            Ok(&asked),
            "seed {seed}"
        );
        let explanation =
            asked.ask(|request| explain(&compiled.policy, request, &compiled.source_map));
        let denies = explanation
            .rules
            .iter()
            .any(|rule| rule.denies.as_str() != "false");
        let allows = explanation
            .rules
            .iter()
            .any(|rule| rule.allows.as_str() == "true");
        assert_eq!(
            explanation.decision.is_allow(),
            allows && !denies,
            "seed {seed}"
        );
        assert_eq!(
            explanation.decision,
            asked.ask(|request| compiled.policy.evaluate(request)),
            "seed {seed}"
        );
    }
}
