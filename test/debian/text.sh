# needs: sort sed grep mawk cut tr paste join comm uniq nl tac rev column head tail wc fold split seq cat md5sum sha256sum expand od diff factor expr shuf printf yes fmt tsort base64 cksum numfmt cmp
seq 1 20000 | sort -R --random-source=/dev/zero | sort -n | md5sum
seq 300000 | sort -r | uniq | wc
seq 1 1000 | sed -n 's/7$/seven/p' | grep -c seven; echo abc | sed 's/b/[&]/; y/a/A/'
printf '%s\n' b a c | sort | paste -sd,
seq 100 | mawk '{s+=$1; if ($1%10==0) print $1, s} END {printf "%.3f\n", s/NR}'
mawk 'BEGIN {while (("seq 3" | getline x) > 0) print "got", x; print "to sort" | "sort"; close("sort")}'
printf 'a:b:c\nd:e:f\n' | cut -d: -f1,3 | tr a-z A-Z | rev
seq 10 | tac | nl | tail -n 2; printf 'a,b\n1,2\n' | column -t -s,
join <(printf '1 a\n2 b\n') <(printf '1 x\n2 y\n') 2>/dev/null || { printf '1 a\n2 b\n' >j; printf '1 x\n2 y\n' >k; join j k; }
seq 5 >m; seq 3 9 >n; comm -12 m n; comm -3 m n; diff m n; echo $?; diff -u m m && echo equal
seq 7 >s; split -l 3 s p; cat pa?; head -n -2 s | wc -l; tail -c 4 s | od -c; fold -w 3 <<<abcdefgh
grep -n '[15]$' m s; grep -rl 5 . | sort; grep -E '(.)\1' <<<'ab cc'; grep -o '[a-z]*' <<<'one two'; grep -q x m; echo $?
sha256sum m n; cksum m; base64 m | base64 -d | cmp - m; factor 360 97; expr 3 \* 4; printf '%05.1f|%-5s|%x\n' 3.14159 ab 255
shuf -i 1-5 --random-source=/dev/zero | sort -n | tr '\n' ' '; echo; yes 2>/dev/null | head -n 2; printf 'a b\nb c\n' | tsort
numfmt --to=iec 1048576; fmt -w 20 <<<'some words that are broken into lines of twenty'; printf 'a\tb\n' | expand -t 4
sed -i s/3/three/ m; cat m; sed -n '2,4{p;=}' m; sed 'N;s/\n/+/' m
