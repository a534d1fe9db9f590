#!/usr/bin/env bash
# Known vulnerabilities of the locked packages, by pip-audit; skipped, with the reason, where no database is reached.
set -uo pipefail
cd "$(dirname "$0")/.."
if ! python -m pip_audit --version > /dev/null 2>&1; then
    echo "audit: skipped, pip-audit cannot be installed here"
    exit 0
fi
for service in pypi osv; do
    report=$(timeout 120 python -m pip_audit --vulnerability-service "$service" --requirement requirements.lock \
        --disable-pip --strict --progress-spinner off 2>&1)
    status=$?
    # 1 with a table is a finding; a service that does not answer says so in words.
    if [ $status = 0 ] || grep -q "^Name .*ID" <<< "$report"; then
        echo "$report"
        exit $status
    fi
done
echo "audit: skipped, no database of vulnerabilities is reached: $(tail -1 <<< "$report")"
