use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use plugcoin_sdk::ledger::{Hash, Sum, Timestamp};

use super::*;

/// A scheme that anybody can see through.
struct Toy {
    signs: bool,
    scheme: &'static str,
}

const TOY: Toy = Toy {
    signs: true,
    scheme: "toy",
};

impl Signer for Toy {
    fn scheme(&self) -> &str {
        self.scheme
    }
    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        Ok(signature == Hash::of_parts(&[key, text]).to_string())
    }
    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        if !self.signs {
            return Err(self.only_verifies());
        }
        let secret = format!("s{}", Hash::from_bytes(*seed));
        Ok(KeyPair {
            public: self.public_key(&secret)?,
            secret,
        })
    }
    fn public_key(&self, secret: &str) -> Result<String, Error> {
        match secret.strip_prefix('s') {
            Some(_) => Ok(Hash::of(secret).to_string()),
            None => Err(Error::new(
                ErrorKind::Configuration,
                format!("bad {secret}"),
            )),
        }
    }
    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        Ok(Hash::of_parts(&[&self.public_key(secret)?, text]).to_string())
    }
}

fn signer(toy: Toy) -> Arc<dyn Signer> {
    Arc::new(toy)
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wallet-6000.json");
    (dir, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_made_is_read_back() {
    let (dir, path) = place();
    let made = Wallet::create(&path, signer(TOY), None).unwrap();
    assert_eq!(mode(&path), 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        format!(
            "{{\"scheme\": \"toy\",\"public\": \"{}\",\"secret\": \"{}\"}}\n",
            made.keys.public, made.keys.secret
        )
    );
    let read = Wallet::read(&path, signer(TOY), &Passphrase::default()).unwrap();
    assert_eq!(read.public(), made.public());
    assert_eq!(
        Wallet::open(&path, signer(TOY), &Passphrase::default())
            .unwrap()
            .unwrap()
            .public(),
        made.public()
    );
    assert_eq!(
        fs::read_dir(&dir).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    assert!(!format!("{read:?}").contains(&made.keys.secret));
}

#[test]
fn no_two_wallets_are_alike() {
    let (_dir, path) = place();
    let one = Wallet::open(&path, signer(TOY), &Passphrase::default())
        .unwrap()
        .unwrap();
    fs::remove_file(&path).unwrap();
    let other = Wallet::open(&path, signer(TOY), &Passphrase::default())
        .unwrap()
        .unwrap();
    assert_ne!(one.public(), other.public());
}

#[test]
fn a_file_is_never_overwritten() {
    let (dir, path) = place();
    for content in ["", "precious"] {
        fs::write(&path, content).unwrap();
        let error = Wallet::create(&path, signer(TOY), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InUse);
        assert!(error.to_string().contains("never overwritten"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    // A name that leads nowhere is a file as well.
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert_eq!(
        Wallet::create(&path, signer(TOY), None).unwrap_err().kind(),
        ErrorKind::InUse
    );
}

#[test]
fn without_second_names_a_file_is_never_overwritten_either() {
    let (dir, path) = place();
    let new = dir.path().join("new");
    let no_links = |_: &Path, _: &Path| Err(std::io::ErrorKind::PermissionDenied.into());
    let put = || {
        fs::write(&new, "keys").unwrap();
        file::into_free_place(&new, &path, no_links).map_err(|error| error.kind())
    };
    assert_eq!(put(), Ok(()));
    assert_eq!(fs::read_to_string(&path).unwrap(), "keys");
    fs::write(&path, "precious").unwrap();
    assert_eq!(put(), Err(std::io::ErrorKind::AlreadyExists));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn many_at_once_make_one() {
    let (_dir, path) = place();
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Wallet::create(&path, signer(TOY), None).ok()))
            .collect();
        threads
            .into_iter()
            .filter_map(|t| t.join().unwrap())
            .collect()
    });
    assert_eq!(made.len(), 1);
    let read = Wallet::read(&path, signer(TOY), &Passphrase::default()).unwrap();
    assert_eq!(read.public(), made[0].public());
}

#[test]
fn a_file_that_others_may_read_is_made_private() {
    let (_dir, path) = place();
    let made = Wallet::create(&path, signer(TOY), None).unwrap();
    for open in [0o644, 0o660, 0o604, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        assert_eq!(
            Wallet::read(&path, signer(TOY), &Passphrase::default())
                .unwrap()
                .public(),
            made.public()
        );
        assert_eq!(mode(&path), 0o600);
    }
}

#[test]
fn what_is_no_wallet_is_refused_without_quoting_it() {
    let (_dir, path) = place();
    let made = Wallet::create(&path, signer(TOY), None).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let (public, secret) = (&made.keys.public, &made.keys.secret);
    let bad = [
        (String::new(), "no wallet"),
        ("null".into(), "no wallet"),
        (good.replace("secret", "secrets"), "no wallet"),
        (
            good.replace(", \"", ", \"x\": 1,\"")
                .replacen('{', "{\"x\": 1,", 1),
            "no wallet",
        ),
        (good.replace("\"toy\"", "7"), "no wallet"),
        (
            good.replacen(
                "\"secret\"",
                &format!("\"secret\": \"{secret}\",\"secret\""),
                1,
            ),
            "no wallet",
        ),
        (good.clone() + "x", "no wallet"),
        (good.replace("toy", "ed25519"), "scheme"),
        (good.replace(public, "00"), "does not belong"),
        (good.replace(secret, "unfit"), "secret key is none"),
    ];
    for (text, word) in bad {
        fs::write(&path, &text).unwrap();
        let error = Wallet::open(&path, signer(TOY), &Passphrase::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{text}: {error}");
        assert!(error.contains("wallet-6000.json"), "{error}");
        assert!(
            !error.contains(secret) && !error.contains("unfit"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn without_a_file_reading_says_how_to_make_one() {
    let (_dir, path) = place();
    let error = Wallet::read(&path, signer(TOY), &Passphrase::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("node wallet new"), "{error}");
}

#[test]
fn a_scheme_that_only_verifies_has_no_wallet() {
    let (dir, path) = place();
    let only = || {
        signer(Toy {
            signs: false,
            ..TOY
        })
    };
    assert!(
        Wallet::open(&path, only(), &Passphrase::default())
            .unwrap()
            .is_none()
    );
    assert_eq!(
        Wallet::create(&path, only(), None).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn payments_are_signed_over_their_exact_text() {
    let (_dir, path) = place();
    let wallet = Wallet::create(&path, signer(TOY), None).unwrap();
    let sum = Sum::parse("0.80").unwrap();
    let payment = Payment::new(wallet.public(), "B", sum, Timestamp::from_us(1)).unwrap();
    let transaction = wallet.pay(payment).unwrap();
    assert_eq!(transaction.sum_text(), "0.80");
    assert!(
        TOY.verify(
            wallet.public(),
            transaction.unsigned_text(),
            transaction.signature()
        )
        .unwrap()
    );
}

#[test]
fn a_folder_that_is_not_there_is_a_clear_fault() {
    let (_dir, path) = place();
    let path = path.with_file_name("gone/wallet-6000.json");
    let error = Wallet::create(&path, signer(TOY), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("gone/wallet-6000.json"),
        "{error}"
    );
}

#[test]
fn a_folder_is_no_wallet_and_is_left_as_it_is() {
    let (dir, _) = place();
    let before = mode(dir.path());
    let error = Wallet::open(dir.path(), signer(TOY), &Passphrase::default()).unwrap_err();
    assert!(error.to_string().contains("no file"), "{error}");
    assert_eq!(mode(dir.path()), before);
}

/// A source of this passphrase.
fn passphrase(dir: &tempfile::TempDir, text: &str) -> Passphrase {
    let file = dir.path().join("passphrase");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    Passphrase { file: Some(file) }
}

#[test]
fn under_a_passphrase_the_secret_is_in_no_file() {
    let (dir, path) = place();
    let source = passphrase(&dir, "correct horse\n");
    let made = Wallet::open(&path, signer(TOY), &source).unwrap().unwrap();
    assert_eq!(mode(&path), 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&made.keys.secret), "{text}");
    let public = made.public().to_owned();
    assert_eq!(
        Wallet::public_of(&path, signer(TOY)).unwrap(),
        (public, true)
    );
    let read = Wallet::read(&path, signer(TOY), &source).unwrap();
    assert!(read.keys == made.keys);

    let other = passphrase(&dir, "wrong horse");
    let error = Wallet::read(&path, signer(TOY), &other).unwrap_err();
    assert!(error.to_string().contains("not this wallet's"), "{error}");

    // What is neither the one form nor the other.
    for (part, instead) in [
        ("\"kdf\": \"scrypt\",", ""),
        ("scrypt", "argon2"),
        ("xchacha20poly1305", "aes"),
        ("\"r\": 8,", ""),
        ("\"n\": 131072", "\"n\": -1"),
        ("\"salt\": \"", "\"salt\": \"0"),
        ("\"nonce\": \"", "\"nonce\": \"x"),
    ] {
        assert!(text.contains(part), "{part}");
        fs::write(&path, text.replacen(part, instead, 1)).unwrap();
        let error = Wallet::read(&path, signer(TOY), &source).unwrap_err();
        assert!(error.to_string().contains("no wallet"), "{part}: {error}");
    }
    fs::write(&path, text.replace("131072", "1099511627776")).unwrap();
    let error = Wallet::read(&path, signer(TOY), &source).unwrap_err();
    assert!(error.to_string().contains("asks scrypt for"), "{error}");
}
