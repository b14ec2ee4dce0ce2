# shell: bash-static
# needs: cat tr sort wc seq sleep
f() { for i in "$@"; do echo "<$i>"; done; }; a=(x "y z"); a+=(w); f "${a[@]}" | sort -r; echo "${a[@]/y/Y}" ${#a[1]}
mapfile -t lines <<<"$(seq 3)"; echo ${lines[@]} ${#lines[@]}; while read -r x y; do echo "$y,$x"; done <<<'a b'; echo {1..5} {a..e..2}
cat <<X; cat <<'Y' | tr a-z A-Z
sum $((1 + 2)) $(seq 2 | wc -l)
X
not $expanded
Y
trap 'echo got USR1' USR1; kill -USR1 $$; trap 'echo at the end' EXIT; trap 'echo error in $LINENO' ERR; false; trap - ERR
(trap 'echo TERM; exit 3' TERM; kill -TERM $BASHPID; echo not here); echo $?; (sleep 5 & kill $!; wait $!; echo $?)
coproc cat; echo through >&${COPROC[1]}; read -u ${COPROC[0]} x; echo $x; seq 100000 | sort -rn | { read first; echo $first; }
case word in w?rd) echo match;& x) echo fall;; esac; select x in a b; do echo $x; break; done <<<2; printf '%q %s\n' "a b" c; declare -p a
echo $BASH_VERSION; x=5; until ((x == 0)); do ((x--)); done; echo $x; set -e; (false; echo not here); echo not here either
