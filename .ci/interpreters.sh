# Finds the Pythons of this machine, for the scripts beside it.
# shellcheck shell=bash

# A command that exists may still not run: version managers leave stand-ins for versions that are switched off.
interpreter() {
    local candidate
    for candidate in "python$1" "$(pyenv root 2>/dev/null || true)"/versions/"$1".*/bin/"python$1"; do
        if "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
}
