//! The laws of [`Signer`].

use plugcoin_sdk::ErrorKind;
use plugcoin_sdk::hooks::{KeyPair, Signed, Signer};
use plugcoin_sdk::ledger::{FIELD_CHARACTERS_MAX, check_field};

use super::laws;

laws!(dyn Signer:
    a_signature_that_sign_made_is_accepted_under_the_pairs_public_key,
    another_key_text_or_signature_does_not_hold,
    verify_batch_says_of_each_what_verify_says_of_it_alone,
    anything_at_all_may_be_given_and_garbage_does_not_hold,
    keys_and_signatures_are_texts_of_the_ledgers_alphabet,
    the_public_key_of_a_secret_one_is_the_pairs,
    the_same_seed_gives_the_same_keys_and_another_seed_others,
    a_scheme_that_only_verifies_leaves_all_three_methods_as_they_are,
    what_is_no_secret_key_is_a_configuration_error,
);

const TEXTS: [&str; 4] = ["", "a", "a text", "{\"from\": \"F\",\"to\": \"T\"}"];

/// Some pairs of keys; none if the scheme only verifies.
fn pairs(signer: &dyn Signer) -> Vec<KeyPair> {
    let seeds = [[0; 32], [1; 32], [7; 32], [255; 32]];
    let pairs = seeds.iter().map(|seed| signer.generate(seed));
    match pairs.collect::<Result<Vec<_>, _>>() {
        Ok(pairs) => pairs,
        Err(error) if error.kind() == ErrorKind::Unsupported => Vec::new(),
        Err(error) => panic!("generate failed: {error}"),
    }
}

fn holds(signer: &dyn Signer, key: &str, text: &str, signature: &str) -> bool {
    signer
        .verify(key, text, signature)
        .expect("verify has no fault")
}

fn sign(signer: &dyn Signer, pair: &KeyPair, text: &str) -> String {
    signer.sign(&pair.secret, text).expect("it signs")
}

fn a_signature_that_sign_made_is_accepted_under_the_pairs_public_key(signer: &dyn Signer) {
    for pair in pairs(signer) {
        for text in TEXTS {
            let signature = sign(signer, &pair, text);
            assert!(holds(signer, &pair.public, text, &signature), "{text:?}");
        }
    }
}

fn another_key_text_or_signature_does_not_hold(signer: &dyn Signer) {
    let pairs = pairs(signer);
    for (n, pair) in pairs.iter().enumerate() {
        let signature = sign(signer, pair, "text");
        let other = &pairs[(n + 1) % pairs.len()];
        assert!(!holds(signer, &other.public, "text", &signature), "key");
        assert!(!holds(signer, &pair.public, "texu", &signature), "text");
        let another = sign(signer, other, "text");
        assert!(!holds(signer, &pair.public, "text", &another), "signature");
        let (first, rest) = signature.split_at(1);
        let changed = format!("{}{rest}", if first == "0" { "1" } else { "0" });
        assert!(!holds(signer, &pair.public, "text", &changed), "{changed}");
    }
}

fn verify_batch_says_of_each_what_verify_says_of_it_alone(signer: &dyn Signer) {
    let mut items: Vec<[String; 3]> = Vec::new();
    for pair in pairs(signer) {
        for text in TEXTS {
            let signature = sign(signer, &pair, text);
            items.push([pair.public.clone(), text.to_owned(), signature.clone()]);
            items.push([pair.public.clone(), format!("{text}!"), signature]);
        }
    }
    for garbage in garbage() {
        items.push([garbage.clone(), "text".to_owned(), garbage]);
    }
    // Twice the same, and every length up to some, so that no item leans on its neighbours.
    items.extend_from_within(..items.len() / 2);
    let signed: Vec<Signed<'_>> = items
        .iter()
        .map(|[key, text, signature]| Signed {
            key,
            text,
            signature,
        })
        .collect();
    let alone: Vec<bool> = signed
        .iter()
        .map(|item| holds(signer, item.key, item.text, item.signature))
        .collect();
    for start in [0, 1, 2, 5] {
        for end in [start, start + 1, start + 2, start + 7, signed.len()] {
            let end = end.min(signed.len());
            let batch = signer.verify_batch(&signed[start.min(end)..end]);
            let batch = batch.expect("verify_batch has no fault");
            assert_eq!(batch, alone[start.min(end)..end], "{start}..{end}");
        }
    }
}

/// What a peer may send in place of a key or a signature.
fn garbage() -> Vec<String> {
    let mut all: Vec<String> = [
        "", " ", "0", "System", "0x00", "-1", "\u{e9}", "\u{0}", "null",
    ]
    .map(str::to_owned)
    .into();
    for length in [63, 64, 65, 96, 127, 128, 129, FIELD_CHARACTERS_MAX] {
        all.extend(["0", "f", "F", "z", " "].map(|digit| digit.repeat(length)));
    }
    all
}

fn anything_at_all_may_be_given_and_garbage_does_not_hold(signer: &dyn Signer) {
    let garbage = garbage();
    for signature in &garbage {
        for key in &garbage {
            // A key of small order may hold; what counts is that there is an answer.
            holds(signer, key, "text", signature);
        }
        for pair in pairs(signer) {
            assert!(
                !holds(signer, &pair.public, "text", signature),
                "{signature:?}"
            );
        }
    }
    for pair in pairs(signer) {
        let signature = sign(signer, &pair, "text");
        for key in &garbage {
            assert!(!holds(signer, key, "text", &signature), "{key:?}");
        }
    }
}

fn keys_and_signatures_are_texts_of_the_ledgers_alphabet(signer: &dyn Signer) {
    for pair in pairs(signer) {
        let signature = sign(signer, &pair, "text");
        for text in [&pair.public, &signature] {
            check_field("text", text, FIELD_CHARACTERS_MAX).expect("it is a field");
        }
    }
    assert!(!signer.scheme().is_empty(), "the scheme has a name");
}

fn the_public_key_of_a_secret_one_is_the_pairs(signer: &dyn Signer) {
    for pair in pairs(signer) {
        let public = signer.public_key(&pair.secret).expect("it is a secret key");
        assert_eq!(public, pair.public);
    }
}

fn the_same_seed_gives_the_same_keys_and_another_seed_others(signer: &dyn Signer) {
    let first = pairs(signer);
    assert!(first == pairs(signer), "the same seeds gave other keys");
    for (n, pair) in first.iter().enumerate() {
        for other in &first[..n] {
            assert_ne!(pair.public, other.public);
        }
    }
}

fn a_scheme_that_only_verifies_leaves_all_three_methods_as_they_are(signer: &dyn Signer) {
    if !pairs(signer).is_empty() {
        return;
    }
    let unsupported = [
        signer.public_key("secret").map(|_| ()),
        signer.sign("secret", "text").map(|_| ()),
    ];
    for result in unsupported {
        let kind = result.expect_err("it only verifies").kind();
        assert_eq!(kind, ErrorKind::Unsupported);
    }
}

fn what_is_no_secret_key_is_a_configuration_error(signer: &dyn Signer) {
    if pairs(signer).is_empty() {
        return;
    }
    for secret in ["", "\u{e9}", "\"", "\n"] {
        let results = [signer.public_key(secret), signer.sign(secret, "text")];
        for result in results {
            let error = result.expect_err("this is no secret key");
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        }
    }
}
