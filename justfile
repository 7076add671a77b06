# Recipes for working on powersync-jwks. `just` lists them; each is a plain command, so none needs `just`.

# List the recipes
default:
    @just --list

# Format, lint and type-check: seconds
check:
    cargo fmt --all --check
    cargo clippy --locked --all-targets --features conformance -- -D warnings

# The whole test suite, or the modules that are named: `just test cases:: rules::`
test *FILTERS:
    cargo test --locked --lib
    cargo test --locked --test it -- {{FILTERS}}

# Format, apply what clippy can fix, and rewrite the blessed outputs: read `git diff` afterwards
fix:
    cargo fmt --all
    cargo clippy --locked --all-targets --features conformance --fix --allow-dirty --allow-staged
    BLESS=1 cargo test --locked --test it

# What minting costs beside the bare HMAC
bench:
    cargo bench --locked --bench mint

# Whether the work grows in proportion to the input: `just growth --only redact`. Needs valgrind; takes minutes
growth *OPTIONS:
    cargo build --locked --release
    cargo test --locked --bench growth -- --binary "$PWD/target/release/powersync-jwks" {{OPTIONS}}

# Against PowerSync's own packages. `just conformance SEED DOCUMENTS` compares other documents, in a release build
conformance SEED="" DOCUMENTS="20000":
    cd tests/conformance && npm ci --ignore-scripts --no-audit --no-fund
    {{ if SEED == "" { "cargo test --locked --features conformance --test conformance" } else { "CONFORMANCE_SEED=" + SEED + " CONFORMANCE_DOCUMENTS=" + DOCUMENTS + " cargo test --locked --release --features conformance --test conformance generated -- --nocapture" } }}

# The model of the schedule: the bigger settings, and all integers. Needs z3; takes minutes
model:
    cargo test --locked --release --test model -- --include-ignored --nocapture --test-threads=1

# A hostile machine: kills, failing calls, full disks. Needs Linux, root and strace; takes minutes
faults:
    SKIPS_FAIL=1 cargo test --locked --release --test it faults:: -- --include-ignored --nocapture --test-threads=1

# The packages that users install, and the actions and examples. Needs Node, pre-commit, kubectl
front:
    cargo build --locked
    cd tests/action && npm ci --ignore-scripts --no-audit --no-fund
    node --test tests/action/*.test.mjs tests/examples/*.test.mjs
    RUSTFLAGS='-C target-feature=+crt-static' cargo build --locked --release --target x86_64-unknown-linux-gnu
    node --test tests/npm/*.test.mjs

# Fuzz one target for ten minutes. Needs nightly Rust and cargo-fuzz
fuzz TARGET="edit":
    cargo +nightly fuzz run -s none {{TARGET}} fuzz/corpus/{{TARGET}} fixtures -- -dict=fuzz/dictionary.txt -max_total_time=600

# What has to hold before a change lands, then the binary
release:
    bash .ci/run
    cargo build --locked --release
