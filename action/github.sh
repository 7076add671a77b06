# GitHub's API, for the scripts beside this. The token goes through stdin: arguments can be listed by everyone.

# api METHOD PATH [JSON]
api() {
    local method=$1 path=$2 body=${3:-}
    printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
        curl -fsS --retry 3 --config - -X "$method" -H 'Accept: application/vnd.github+json' \
            ${body:+--data-binary "$body"} "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$path"
}

# Cuts what GitHub would refuse: at most 65,536 characters.
body_of() {
    head -c 60000 "$1"
    [ "$(wc -c < "$1")" -le 60000 ] || printf '\n\n… cut here: the whole report is in the job summary.\n'
}
