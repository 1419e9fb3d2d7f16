//! [`MEASURES`]: all of them.

use plugcoin_host::nearest;
use plugcoin_sdk::{Error, ErrorKind};

use crate::measure::Direction::{Higher, Lower};
use crate::measure::Measure;
use crate::{core, hooks, mining, serving, startup, storing, sync, verify};

/// Every measure, in the order in which they run and are shown.
pub const MEASURES: &[Measure] = &[
    Measure {
        name: "mining.t1.avx512",
        ratio: "hashes/s of a core ÷ a naive loop, 1 transaction",
        target: Some(7.0),
        direction: Higher,
        unit: "x",
        run: mining::t1_avx512,
    },
    Measure {
        name: "mining.t3.avx512",
        ratio: "hashes/s of a core ÷ a naive loop, 3 transactions",
        target: Some(5.5),
        direction: Higher,
        unit: "x",
        run: mining::t3_avx512,
    },
    Measure {
        name: "mining.t100.avx512",
        ratio: "hashes/s of a core ÷ a naive loop, 100 transactions",
        target: Some(4.0),
        direction: Higher,
        unit: "x",
        run: mining::t100_avx512,
    },
    Measure {
        name: "mining.t3.sha-ni",
        ratio: "hashes/s of a core ÷ sha2 with midstate, 3 transactions",
        target: Some(1.3),
        direction: Higher,
        unit: "x",
        run: mining::t3_sha_ni,
    },
    Measure {
        name: "mining.threads2",
        ratio: "hashes/s of two threads ÷ of one",
        target: Some(1.9),
        direction: Higher,
        unit: "x",
        run: mining::threads2,
    },
    Measure {
        name: "verify.repeated",
        ratio: "transactions/s in blocks ÷ dalek's single verify, 64 signers",
        target: Some(2.5),
        direction: Higher,
        unit: "x",
        run: verify::repeated,
    },
    Measure {
        name: "verify.distinct",
        ratio: "transactions/s in blocks ÷ dalek's single verify, every signer another",
        target: None,
        direction: Higher,
        unit: "x",
        run: verify::distinct,
    },
    Measure {
        name: "sync.100k",
        ratio: "time to sync 100 000 blocks ÷ the sum of its parts measured alone",
        target: Some(1.3),
        direction: Lower,
        unit: "x",
        run: sync::of_100k,
    },
    Measure {
        name: "append.single",
        ratio: "time to store a record ÷ raw append and fdatasync",
        target: Some(1.15),
        direction: Lower,
        unit: "x",
        run: storing::single,
    },
    Measure {
        name: "append.group64",
        ratio: "time to store a record, 64 at once ÷ raw append and fdatasync of one",
        target: None,
        direction: Lower,
        unit: "x",
        run: storing::group64,
    },
    Measure {
        name: "append.growth-1m",
        ratio: "time to store a record after 1 000 000 blocks ÷ after 1 000",
        target: Some(1.2),
        direction: Lower,
        unit: "x",
        run: storing::growth_1m,
    },
    Measure {
        name: "startup.cold",
        ratio: "time to start on 100 000 blocks ÷ the sum of its parts on all cores",
        target: Some(1.3),
        direction: Lower,
        unit: "x",
        run: startup::cold,
    },
    Measure {
        name: "startup.snapshot",
        ratio: "time to start on 100 000 blocks with a snapshot ÷ reading the file's bytes",
        target: Some(3.0),
        direction: Lower,
        unit: "x",
        run: startup::snapshot,
    },
    Measure {
        name: "serve.getdata",
        ratio: "requests/s of blocks that lie ready ÷ axum with ready bytes, same layers",
        target: Some(0.85),
        direction: Higher,
        unit: "x",
        run: serving::getdata,
    },
    Measure {
        name: "serve.getdata-read",
        ratio: "requests/s of blocks that don't lie ready ÷ axum with ready bytes, same layers",
        target: None,
        direction: Higher,
        unit: "x",
        run: serving::getdata_read,
    },
    Measure {
        name: "serve.getblocks",
        ratio: "requests/s of a page that lies ready ÷ axum with ready bytes, same layers",
        target: Some(0.85),
        direction: Higher,
        unit: "x",
        run: serving::getblocks,
    },
    Measure {
        name: "serve.inv",
        ratio: "server's CPU time for an accepted transaction ÷ its parts",
        target: Some(1.6),
        direction: Lower,
        unit: "x",
        run: serving::inv,
    },
    Measure {
        name: "serve.status",
        ratio: "time of GET /status while all cores mine ÷ while none does",
        target: None,
        direction: Lower,
        unit: "x",
        run: serving::status,
    },
    Measure {
        name: "core.growth",
        ratio: "cost of a block and a payment with 100 000 blocks and waiting ÷ with 1 000",
        target: Some(1.2),
        direction: Lower,
        unit: "x",
        run: core::growth,
    },
    Measure {
        name: "core.reorg-linear",
        ratio: "cost of a block in a reorganisation 1 000 deep ÷ 10 deep",
        target: Some(1.3),
        direction: Lower,
        unit: "x",
        run: core::reorg_linear,
    },
    Measure {
        name: "hook.compiled",
        ratio: "a hook's call as the node makes it ÷ a trait object's call",
        target: Some(1.2),
        direction: Lower,
        unit: "x",
        run: hooks::compiled,
    },
    Measure {
        name: "hook.loaded",
        ratio: "a call of a hook in a library, a verdict on a header",
        target: Some(1.0),
        direction: Lower,
        unit: "µs",
        run: hooks::loaded,
    },
];

/// The measures of these names and families, in their usual order; all, if nothing is named.
///
/// * A name cut before any of its dots stands for all that begin so: `mining`, `mining.t3`.
///
/// # Errors
/// [`ErrorKind::Configuration`] for what is no name and no family, with the nearest that is one.
pub fn select(asked: &[String]) -> Result<Vec<&'static Measure>, Error> {
    let names = |asked: &str, measure: &Measure| {
        let rest = measure.name.strip_prefix(asked);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    for asked in asked {
        if !MEASURES.iter().any(|measure| names(asked, measure)) {
            return Err(unknown(asked));
        }
    }
    let wanted =
        |measure: &&Measure| asked.is_empty() || asked.iter().any(|asked| names(asked, measure));
    Ok(MEASURES.iter().filter(wanted).collect())
}

fn unknown(asked: &str) -> Error {
    let mut families: Vec<&str> = MEASURES.iter().map(Measure::family).collect();
    families.dedup();
    let known = families
        .iter()
        .copied()
        .chain(MEASURES.iter().map(|measure| measure.name));
    let hint = match nearest(asked, known) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("there are {}", families.join(", ")),
    };
    let message =
        format!("there is no measure and no family `{asked}`; {hint}; see node bench --list");
    Error::new(ErrorKind::Configuration, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(asked: &[&str]) -> Vec<&'static str> {
        let asked: Vec<String> = asked.iter().map(|&asked| asked.to_owned()).collect();
        let measures = select(&asked).unwrap();
        measures.iter().map(|measure| measure.name).collect()
    }

    #[test]
    fn every_measure_has_its_target() {
        let targets: Vec<String> = MEASURES
            .iter()
            .map(|measure| format!("{} {}", measure.name, measure.target_text()))
            .collect();
        assert_eq!(
            targets,
            [
                "mining.t1.avx512 ≥ 7",
                "mining.t3.avx512 ≥ 5.5",
                "mining.t100.avx512 ≥ 4",
                "mining.t3.sha-ni ≥ 1.3",
                "mining.threads2 ≥ 1.9",
                "verify.repeated ≥ 2.5",
                "verify.distinct reported",
                "sync.100k ≤ 1.3",
                "append.single ≤ 1.15",
                "append.group64 reported",
                "append.growth-1m ≤ 1.2",
                "startup.cold ≤ 1.3",
                "startup.snapshot ≤ 3",
                "serve.getdata ≥ 0.85",
                "serve.getdata-read reported",
                "serve.getblocks ≥ 0.85",
                "serve.inv ≤ 1.6",
                "serve.status reported",
                "core.growth ≤ 1.2",
                "core.reorg-linear ≤ 1.3",
                "hook.compiled ≤ 1.2",
                "hook.loaded ≤ 1 µs",
            ]
        );
    }

    #[test]
    fn what_is_named_is_selected_in_the_usual_order() {
        assert_eq!(selected(&[]).len(), MEASURES.len());
        assert_eq!(selected(&["hook"]), ["hook.compiled", "hook.loaded"]);
        assert_eq!(
            selected(&["mining.threads2", "mining.t3"]),
            ["mining.t3.avx512", "mining.t3.sha-ni", "mining.threads2"]
        );
        assert_eq!(selected(&["sync.100k", "sync"]), ["sync.100k"]);
    }

    #[test]
    fn what_there_is_not_is_told_with_the_nearest() {
        let refusal = |asked: &str| select(&[asked.to_owned()]).err().unwrap().to_string();
        assert_eq!(
            refusal("minning"),
            "there is no measure and no family `minning`; did you mean mining?; see node bench --list"
        );
        assert!(refusal("verify.repeat").contains("did you mean verify.repeated?"));
        assert!(refusal("mining.").contains("did you mean mining?"));
        assert!(refusal("").contains("there are mining, verify, sync, append,"));
    }
}
