# shell: zsh-static
# needs: cat tr sort wc seq
a=(one two "three four"); print -l $a; echo $#a $a[2] ${(j:,:)a} ${(U)a[1]} ${a[-1]}
typeset -A m; m=(k v j w); for k v in ${(kv)m}; do echo $k=$v; done | sort; echo ${(ok)m}
cat <<X | tr a-z A-Z
hello $((6 * 7)) $(echo nested)
X
for i in {1..3}; do echo $i; done; repeat 2 echo again; echo {a,b}{1,2} ${:-default} $(( 7 / 2.0 )) $(( 2 ** 10 ))
seq 5 | while read x; do (( x % 2 )) && echo odd $x; done; f() { local x=1; return 4 }; f; echo $?
[[ abc =~ 'b(.)' ]] && echo $match[1] 2>/dev/null; [[ file.txt == *.txt ]] && echo glob; case abc in a*) echo a;; esac
echo a >f1; echo b >f2; print -l f*(N) g*(N); cat =(echo temporary) <(echo process); wc -l < <(seq 7); echo x >o1 >o2; cat o1 o2
(exit 5); echo $?; false || echo or; seq 3 | cat | wc -l; echo $pipestatus; { echo a; echo b } | wc -l; (sleep_() { :; }; sleep_) & wait; echo done
trap 'echo bye' EXIT; nosuch; echo $?; cd /nope; echo $?; printf '%03d|%s\n' 7 x; print -r -- ${(s.:.)PATH}; echo ${(l:5::0:)42}
