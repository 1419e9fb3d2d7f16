//! Whatever a wallet does, and a signer beyond the border, no memory is given back that has a secret in
//! it, or a passphrase.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(
    unsafe_code,
    reason = "an allocator that looks can be written in no other way; and a test of the border"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::fs::{self, Permissions};
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ed25519::Ed25519;
use plugcoin_node::wallet::{Passphrase, Wallet};
use plugcoin_sdk::Error;
use plugcoin_sdk::abi::Library;
use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::plugin::Setup;

/// Nothing else has the first characters of these.
const SECRET: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";
const PASSPHRASE: &str = "twelve geese, one passphrase";

/// Longer pieces are not looked at: the memory of scrypt, which has neither, would take half a minute.
const LOOKED_AT_BYTES_MAX: usize = 1 << 20;

/// The system's allocator, which looks at what is given back.
struct Looking;

static FOUND: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeros, so that all of it may be read when it is given back.
        // SAFETY: the caller keeps the trait's promises, which are the system allocator's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let length = layout.size().min(LOOKED_AT_BYTES_MAX);
        // SAFETY: it was allocated no shorter and zeroed, and nobody else has it any more.
        let bytes = unsafe { std::slice::from_raw_parts(place, length) };
        let has = |needle: &str| {
            let needle = &needle.as_bytes()[..12];
            bytes.windows(needle.len()).any(|window| window == needle)
        };
        if has(SECRET) || has(PASSPHRASE) {
            FOUND.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static LOOKING: Looking = Looking;

/// Ed25519, which always makes the same keys.
struct Known;

impl Signer for Known {
    fn scheme(&self) -> &str {
        "ed25519"
    }
    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        Ed25519.verify(key, text, signature)
    }
    fn generate(&self, _seed: &[u8; 32]) -> Result<KeyPair, Error> {
        Ok(KeyPair {
            public: self.public_key(SECRET)?,
            secret: SECRET.to_owned(),
        })
    }
    fn public_key(&self, secret: &str) -> Result<String, Error> {
        Ed25519.public_key(secret)
    }
    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        Ed25519.sign(secret, text)
    }
}

/// How many pieces with a secret in them are given back meanwhile.
fn found(run: impl FnOnce()) -> usize {
    FOUND.store(0, Ordering::Relaxed);
    run();
    FOUND.load(Ordering::Relaxed)
}

fn all_that_a_wallet_does(dir: &Path, passphrase: &Passphrase) {
    let path = dir.join("wallet-6000.json");
    let made = Wallet::open(&path, Arc::new(Known), passphrase)
        .unwrap()
        .unwrap();
    made.sign("text").unwrap();
    drop(made);
    let read = Wallet::read(&path, Arc::new(Known), passphrase).unwrap();
    black_box(format!("{read:?}"));
    let chosen = passphrase.chosen().unwrap();
    for passphrase in [Some(&**chosen), None] {
        read.clone().put_under(passphrase).unwrap();
    }
    let wrong = fs::read_to_string(&path).unwrap();
    drop(zeroize::Zeroizing::new(wrong));
    Wallet::public_of(&path, Arc::new(Known)).unwrap();
}

unsafe extern "C" {
    /// The entry that the SDK exports.
    fn plugcoin_plugin(host: *const c_void) -> *const c_void;
}

/// A signer of the program, entered as one in a library is.
fn beyond_the_border(name: &str) -> Arc<dyn Signer> {
    let entry = plugcoin_plugin as unsafe extern "C" fn(_) -> _;
    // SAFETY: it is the entry function of this version, and a program is never closed.
    let library = unsafe { Library::enter(entry as *const c_void) }.unwrap();
    let all = library.about().unwrap();
    let about = all.into_iter().find(|about| about.name == name).unwrap();
    let setup = Setup {
        values: Default::default(),
        plugin: name.to_owned(),
        data_dir: None,
        port: 1,
    };
    library.create(&setup, &about).unwrap().signer.unwrap()
}

fn all_that_a_signer_does(signer: &dyn Signer, secret: &str, slip: &str) {
    let seed: [u8; 32] = const_hex::decode_to_array(SECRET).unwrap();
    let pair = signer.generate(&seed).unwrap();
    signer.public_key(&pair.secret).unwrap();
    signer.public_key(secret).unwrap();
    // A long text with what is escaped, so that the message grows behind the secret.
    signer.sign(secret, &"\"text\"".repeat(1_000)).unwrap();
    signer.sign(slip, "text").unwrap_err();
}

// One test, since what others give back would be counted too.
#[test]
fn no_memory_is_given_back_with_a_secret_in_it() {
    // What the test itself would see: a copy that nobody wipes, and a pair of keys as it is dropped.
    assert_eq!(found(|| drop(black_box(SECRET.to_owned()))), 1);
    assert_eq!(found(|| drop(black_box(PASSPHRASE.to_owned()))), 1);
    assert_eq!(found(|| drop(Known.generate(&[0; 32]).unwrap())), 0);

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("passphrase");
    fs::write(&file, PASSPHRASE).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let passphrase = Passphrase { file: Some(file) };
    let given_back = found(|| all_that_a_wallet_does(dir.path(), &passphrase));
    assert_eq!(given_back, 0);

    for (name, secret) in [("ed25519", SECRET), ("p192", &SECRET[..48])] {
        let signer = beyond_the_border(name);
        let slip = zeroize::Zeroizing::new(format!("{secret}x"));
        let given_back = found(|| all_that_a_signer_does(&*signer, secret, &slip));
        assert_eq!(given_back, 0, "{name}");
    }
}
