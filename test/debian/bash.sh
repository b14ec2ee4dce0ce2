# needs: cat tr sort wc seq sh true sleep head env grep bash rm
a=(1 2 "3 4" [9]=nine); for x in "${a[@]}"; do echo "<$x>"; done | cat -n; echo ${#a[@]} ${!a[@]} ${a[@]:1:2}
declare -A m=([k]=v [j]=w); echo ${m[k]} ${#m[@]}; for k in "${!m[@]}"; do echo $k; done | sort
cat <<X | tr a-z A-Z
hello $((6*7)) $(echo nested | tr n N)
X
cat <<'X'; cat <<-X
no $expansion `here`
X
	tabs are gone
	X
printf 'a b\nc d\n' | while read x y; do echo $y $x; done; x=abcabc; echo ${x#*b} ${x##*b} ${x/b/B} ${x//b/B} ${x:1:3} ${x^^} ${#x}
[[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]}; [[ file.txt == *.txt ]] && echo glob; case abc in a*) echo a;; *) echo b;; esac
(exit 5); echo $?; false || echo or; ! true; echo $?; { echo a; echo b; } | wc -l; f() { local v=1; return 4; }; f; echo $?
(echo out; echo err >&2) 2>&1 >/dev/null | cat; exec 3>&1; echo three >&3; exec 3>&-; echo x 2>/dev/null >&3; echo $?
seq 3 | { read a; read b; echo $a-$b; cat; }; set -o pipefail; false | true; echo $?; set +o pipefail; echo ${PIPESTATUS[@]}
bash -c 'echo $0 $1 $#; shift; echo $1' a b c; sh -c 'for i in 1 2; do echo $i; done; x=`echo q`; echo $x $((2**3))' 2>&1 | head -n 3
(sleep 0.05; exit 7) & wait $!; echo $?; for i in 1 2 3; do (exit $i) & done; wait; echo all
set -- one two three; echo $# "$*" "${@:2}"; IFS=,; echo "$*"; unset IFS; shopt -s nullglob; touch() { >"$1"; }; touch p1; touch p2; echo p* q*
trap 'echo bye' EXIT; nosuchcommand; echo $?; cd /nope; echo $?; echo $((1/0)); echo "$(seq 20000 | wc -c)"; printf -v z '%03d' 7; echo $z
env -i A=1 env; exec -a foo sh -c 'echo $0'
