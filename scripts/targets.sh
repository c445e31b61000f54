#!/usr/bin/env bash
# Builds a program of this workspace for another target and runs it there. `cargo xtask targets` calls this; see
# docs/targets.md.
#
#   targets.sh able TARGET                 can it be prepared here? Prints how, or why not (exit status 3)
#   targets.sh setup TARGET...             prepare: linker, emulator, standard library; does nothing twice
#   targets.sh build TARGET PACKAGE BIN    build in release mode; prints the path of the program
#   targets.sh exec TARGET FILE [WORD...]  run a built program under the target's emulator
#
# Two ways. Where the installed compiler has the target's standard library (`rustup target add TARGET`), that compiler
# is used. Otherwise, on Debian on x86-64, its rustc-web is unpacked into a cache folder, never installed, and the
# standard library is built once a target from rust-web-src. Linkers and emulators are Debian packages in both.
#
# environment: GATOS_CI_CACHE=folder (default ~/.cache/gatos-ci; used is its folder `targets`),
#              GATOS_CI_OFFLINE=1 (install nothing)
# exit status: 0 done, 2 failed, 3 cannot be prepared on this machine
set -euo pipefail
shopt -s inherit_errexit 2>/dev/null || true # an old bash has not got it, and gets no further than `able`

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
home=${GATOS_CI_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/gatos-ci}/targets
sysroot=$home/root/usr
# Programs that only root's path has on some systems.
export PATH=$PATH:/usr/sbin:/sbin

say() { printf 'targets: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 2
}
unable() {
    say "$*"
    exit 3
}
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command with its output in a log, and shows the end of the log if it fails.
quietly() {
    local log=$home/log/$1 status=0
    shift
    mkdir -p "$home/log"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" = 0 ] && return
    tail -n 40 "$log" >&2
    say "failed: $* (the whole log: $log)"
    return "$status"
}

# --- what a target needs --------------------------------------------------------------------------------------------
# packages: Debian packages; linker: program; flags: for rustc; emulator: words before the file
describe() {
    packages='' linker='' flags='' emulator=''
    case $1 in
        aarch64-unknown-linux-gnu) cross aarch64-linux-gnu arm64 aarch64 ;;
        armv7-unknown-linux-gnueabihf) cross arm-linux-gnueabihf armhf arm ;;
        i686-unknown-linux-gnu) cross i686-linux-gnu i386 i386 ;;
        powerpc64-unknown-linux-gnu) cross powerpc64-linux-gnu ppc64 ppc64 ;;
        riscv64gc-unknown-linux-gnu) cross riscv64-linux-gnu riscv64 riscv64 ;;
        s390x-unknown-linux-gnu) cross s390x-linux-gnu s390x s390x ;;
        x86_64-unknown-linux-musl)
            packages='gcc libc6-dev musl-dev' linker=gcc
            ;;
        wasm32-wasip1)
            packages='nodejs'
            ;;
        x86_64-pc-windows-gnu)
            packages='gcc-mingw-w64-x86-64-win32 wine64' linker=x86_64-w64-mingw32-gcc
            flags='-Ctarget-feature=+crt-static'
            ;;
        x86_64-unknown-linux-gnu | aarch64-apple-darwin) unable "$1 runs on such a machine only" ;;
        *) fail "no target $1" ;;
    esac
}
# GNU name, Debian's name, qemu's name. Static programs, so that the emulator needs no foreign system around them.
cross() {
    packages="gcc-$1 libc6-dev-$2-cross qemu-user-static"
    linker=$1-gcc emulator=qemu-$3-static
    flags='-Ctarget-feature=+crt-static -Crelocation-model=static'
}

upper() { tr 'a-z-' 'A-Z_' <<<"$1"; }

# --- which way ------------------------------------------------------------------------------------------------------
# Sets `way`, or says why there is none.
choose_way() {
    local target=$1 reason="the compiler has no standard library for it, which \`rustup target add\` would get"
    case $target in
        x86_64-*) [ "$(uname -m)" = x86_64 ] || unable "$target runs on x86-64 machines only" ;;
    esac
    if installed_compiler_has "$target"; then
        way=installed
        can_install || tools_are_there "$target" || unable "not here and not installable: $packages"
        return
    fi
    way=debian
    [ -e "$home/$target.ok" ] && return
    if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ] || ! have apt-get; then unable "$reason"; fi
    can_install || unable "$reason, and without root or offline no Debian packages can be installed"
    knows_compiler && return
    refresh_lists || true
    knows_compiler || unable "$reason, and this system has no package rustc-web"
}
knows_compiler() { apt-cache show rustc-web >/dev/null 2>&1; }
installed_compiler_has() {
    local folder
    folder=$(rustc --print target-libdir --target "$1" 2>/dev/null) || return 1
    compgen -G "$folder/libstd-*.rlib" >/dev/null
}
tools_are_there() {
    case $1 in
        wasm32-wasip1) have node ;;
        x86_64-pc-windows-gnu) have "$linker" && wine_program >/dev/null ;;
        *) have "$linker" && { [ -z "$emulator" ] || have "$emulator"; } ;;
    esac
}

# --- Debian packages ------------------------------------------------------------------------------------------------
can_install() { have apt-get && [ -z "${GATOS_CI_OFFLINE:-}" ] && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
refresh_lists() { quietly apt-update as_root apt-get update; }
install() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] || missing+=("$package")
    done
    [ "${#missing[@]}" = 0 ] && return
    can_install || unable "not here and not installable: ${missing[*]}"
    say "installing: ${missing[*]}"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}")
    quietly apt-install as_root "${install[@]}" 2>/dev/null && return
    refresh_lists # an old list names files that are gone
    quietly apt-install as_root "${install[@]}"
}
# First choices of a package's dependencies, without their versions.
dependencies() {
    apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',' '\n' | sed 's/ *|.*//; s/(.*//; s/ //g'
}

# --- Debian's compiler, unpacked: installed it would replace Debian's own older one ----------------------------------
unpack_compiler() {
    [ -e "$home/toolchain.ok" ] && return
    local library llvm folder=$home/unpack package program
    install gcc libc6-dev
    library=$(dependencies libstd-rust-web-dev | grep '^libstd-rust-web-[0-9]' | head -n 1)
    llvm=$(dependencies "$library" | grep '^libllvm' | head -n 1)
    [ -n "$llvm" ] || fail 'rustc-web depends on no LLVM that this script would know'
    # The shared libraries of rustc and cargo conflict with nothing, so they are installed.
    # shellcheck disable=SC2046
    install "$llvm" $(dependencies cargo-web | grep '^lib')
    rm -rf "$folder" "$home/root"
    mkdir -p "$folder" "$home/root" "$home/bin"
    chmod 755 "$folder"
    say "unpacking rustc-web, $library and rust-web-src"
    (cd "$folder" && quietly download apt-get download rustc-web cargo-web "$library" libstd-rust-web-dev rust-web-src)
    for package in "$folder"/*.deb; do
        case $package in
            # Of the sources only the library, and the link that says where it is.
            */rust-web-src_*) dpkg-deb --fsys-tarfile "$package" | tar -x -C "$home/root" --wildcards \
                './usr/src/rustc-*/library' './usr/lib/rustlib/src' ;;
            *) dpkg-deb -x "$package" "$home/root" ;;
        esac
    done
    rm -rf "$folder" "$sysroot/share"
    for program in rustc rustdoc; do
        # shellcheck disable=SC2016
        printf '#!/bin/sh\nexport LD_LIBRARY_PATH="%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\nexec "%s" "$@"\n' \
            "$sysroot/lib/x86_64-linux-gnu" "$sysroot/bin/$program" >"$home/bin/$program"
        chmod +x "$home/bin/$program"
    done
    ln -sf ../root/usr/bin/cargo "$home/bin/cargo"
    printf '%s\n' "${llvm#libllvm}" >"$home/llvm-version"
    [ -d "$sysroot/lib/rustlib/src/rust/library/std" ] || fail 'rust-web-src has no library/std where cargo looks for it'
    say "$("$home/bin/rustc" -V), $("$home/bin/cargo" -V)"
    : >"$home/toolchain.ok"
}

# --- the standard library of a target, built once into that compiler's folder ----------------------------------------
build_library() {
    local target=$1 folder=$home/std/$1 libraries=$sysroot/lib/rustlib/$1/lib file
    rm -rf "$folder" "$sysroot/lib/rustlib/$target"
    mkdir -p "$folder/src" "$libraries/self-contained"
    start_files "$target" "$libraries/self-contained"
    printf '[package]\nname = "library-of"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$folder/Cargo.toml"
    printf '#![no_std]\n' >"$folder/src/lib.rs"
    say "building the standard library for $target"
    (
        cargo_environment "$target"
        cd "$folder"
        # The unstable option is for this one build, and the program's own flags are not.
        export RUSTC_BOOTSTRAP=1 "CARGO_TARGET_$(upper "$target")_RUSTFLAGS="
        quietly "library-$target" "$CARGO" build --release --target "$target" --target-dir "$folder/target" \
            -Zbuild-std=std,panic_abort -Zbuild-std-features=panic-unwind
    )
    for file in "$folder/target/$target"/release/deps/*.rlib; do
        case $file in */liblibrary_of-*) ;; *) cp "$file" "$libraries/" ;; esac
    done
    if [ "$target" = wasm32-wasip1 ]; then
        "$home/bin/rustc" --target "$target" --edition 2024 --crate-type lib --emit obj -O -Cpanic=abort \
            -Ccodegen-units=1 -o "$libraries/self-contained/threads.o" "$here/targets/wasi_threads.rs"
    fi
    rm -rf "$folder"
}
# Start files and C libraries that rustup would have shipped beside the target's standard library.
start_files() {
    local target=$1 folder=$2 file
    case $target in
        x86_64-unknown-linux-musl)
            for file in crt1.o Scrt1.o rcrt1.o crti.o crtn.o libc.a; do cp "/usr/lib/x86_64-linux-musl/$file" "$folder/"; done
            for file in crtbegin.o crtbeginS.o crtend.o crtendS.o; do cp "$(gcc "-print-file-name=$file")" "$folder/"; done
            cp "$(gcc -print-file-name=libgcc_eh.a)" "$folder/libunwind.a"
            gcc -O2 -fPIC -fno-stack-protector -nostdinc -isystem /usr/include/x86_64-linux-musl \
                -isystem "$(gcc -print-file-name=include)" -c -o "$folder/find_object.o" "$here/targets/find_object.c"
            ar rs "$folder/libunwind.a" "$folder/find_object.o" 2>/dev/null
            rm "$folder/find_object.o"
            ;;
        wasm32-wasip1)
            for file in crt1-command.o crt1-reactor.o libc.a; do cp "/usr/lib/wasm32-wasi/$file" "$folder/"; done
            ;;
        x86_64-pc-windows-gnu)
            for file in rsbegin rsend; do
                RUSTC_BOOTSTRAP=1 "$home/bin/rustc" --target "$target" --crate-type=lib --emit=obj \
                    -o "$folder/../$file.o" "$sysroot/lib/rustlib/src/rust/library/rtstartup/$file.rs"
            done
            ;;
    esac
}

# --- emulators that need more than a package --------------------------------------------------------------------------
wine_program() {
    local program
    for program in wine64 /usr/lib/wine/wine64 wine; do command -v "$program" && return; done
    return 1
}
wine_environment() {
    export WINEPREFIX=$home/wine WINEARCH=win64 WINEDEBUG=-all DISPLAY='' WINEPATH="Z:${home//\//\\}\\dll"
    export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe='
}
prepare_wine() {
    [ -e "$home/wine.ok" ] && return
    mkdir -p "$home/dll"
    x86_64-w64-mingw32-gcc -O2 -shared -o "$home/dll/bcryptprimitives.dll" "$here/targets/process_prng.c" -ladvapi32
    say 'preparing wine'
    (
        wine_environment
        rm -rf "$WINEPREFIX"
        quietly wineboot "$(wine_program)" wineboot -i
        quietly wineserver /usr/lib/wine/wineserver64 -w || true
    )
    : >"$home/wine.ok"
}

# --- putting it together ----------------------------------------------------------------------------------------------
setup() {
    local target=$1
    describe "$target"
    choose_way "$target"
    mkdir -p "$home"
    if [ "$way" = installed ]; then
        tools_are_there "$target" || install_tools
    elif [ ! -e "$home/$target.ok" ]; then
        exec 9>"$home/lock"
        flock 9 # one at a time: packages, unpacking, and a library that another run may have built meanwhile
        if [ ! -e "$home/$target.ok" ]; then
            unpack_compiler
            install_tools
            [ "$target" != wasm32-wasip1 ] || install wasi-libc "lld-$(cat "$home/llvm-version")"
            build_library "$target"
            : >"$home/$target.ok"
        fi
        exec 9>&-
    fi
    [ "$target" != x86_64-pc-windows-gnu ] || prepare_wine
}
install_tools() {
    # shellcheck disable=SC2086
    install $packages
}

# Linker, flags and, the Debian way, the compiler by full path, so that neither rustup nor RUSTFLAGS has a say.
cargo_environment() {
    local target=$1 name
    name=$(upper "$target")
    if [ "$way" = debian ]; then
        unset RUSTUP_TOOLCHAIN RUSTC_WORKSPACE_WRAPPER
        export RUSTC=$home/bin/rustc RUSTDOC=$home/bin/rustdoc CARGO=$home/bin/cargo
        export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=gcc # for build scripts and macros
        if [ "$target" = wasm32-wasip1 ]; then
            linker=wasm-ld-$(cat "$home/llvm-version")
            flags="-Clink-arg=$sysroot/lib/rustlib/$target/lib/self-contained/threads.o"
        fi
    else
        export CARGO=cargo
    fi
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTC_WRAPPER
    export "CARGO_TARGET_${name}_RUSTFLAGS=$flags"
    [ -z "$linker" ] || export "CARGO_TARGET_${name}_LINKER=$linker"
    # Crates with assembly of their own assemble it with the linker's compiler.
    case $linker in *gcc) export "CC_${target//-/_}=$linker" ;; esac
}

build() {
    local target=$1 package=$2 bin=$3 suffix=''
    setup "$target" >&2
    case $target in
        wasm32-*) suffix=.wasm ;;
        *-windows-*) suffix=.exe ;;
    esac
    (
        cargo_environment "$target"
        cd "$root"
        "$CARGO" build --target-dir "$home/build" --quiet --release --locked --target "$target" --package "$package" --bin "$bin"
    ) >&2
    printf '%s\n' "$home/build/$target/release/$bin$suffix"
}

run() {
    local target=$1
    shift
    describe "$target"
    case $target in
        wasm32-wasip1) exec node --no-warnings "$here/targets/wasi.mjs" "$@" ;;
        x86_64-pc-windows-gnu)
            wine_environment
            exec "$(wine_program)" "$@"
            ;;
        *)
            # shellcheck disable=SC2086
            exec $emulator "$@"
            ;;
    esac
}

usage() {
    sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2
    exit 2
}

[ $# -ge 2 ] || usage
command=$1
shift
case $command in
    able)
        describe "$1"
        choose_way "$1"
        printf '%s\n' "$way"
        ;;
    setup) for target in "$@"; do
        (setup "$target")
        say "$target is ready"
    done ;;
    build) if [ $# = 3 ]; then build "$@"; else usage; fi ;;
    exec) run "$@" ;;
    *) usage ;;
esac
