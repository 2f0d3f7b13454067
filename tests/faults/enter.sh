# Enters the call of a command in the ledger. With a word, the command fails unless it has entered that before.
printf '{"what": "command", "run": %s, "name": "%s"}\n' "$OSTINATO_RUN" "$OSTINATO_STEP" >> "$FAULTS_LEDGER"
test -z "$1" || grep -q "\"$1\"" "$FAULTS_LEDGER" || { printf '{"what": "%s"}\n' "$1" >> "$FAULTS_LEDGER"; exit 3; }
