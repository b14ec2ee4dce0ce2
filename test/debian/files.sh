# needs: ls cat mkdir cp mv ln rm rmdir touch chmod stat find xargs sort du readlink realpath basename dirname mktemp wc tee cmp date echo install truncate dd od head test cut tail
mkdir -p d/{a,b,c} && for i in 1 2 3; do echo $i >d/a/$i; done
ls -1R d
ls -l --time-style=+%s d/a | cut -c1-10; ls -ld d | head -c 10; echo
find d -type f | sort | xargs cat
find d -name 2 -exec cat {} \; -print
find d -type d | sort | xargs -n 1 echo dir
find d -type f -print0 | sort -z | xargs -0 -I{} echo '<{}>'
touch -d @1 d/a/1; find d/a -type f -newer d/a/1 -o -empty | sort
cp -r d e && rm -r d && ls e && rmdir e/b e/c && ls e
echo x | tee a b | cat; cat a b; cp a c; mv c f; ln -s f l; ln f h; readlink l; realpath l | xargs basename
stat -c '%s %F %a %h' f l; chmod 600 f; stat -c %a f; chmod u+x,g=r f; stat -c %A f
touch -d @0 f; stat -c %Y f; date -u -r f; date -u -d '2001-02-03 04:05:06' +%s
test -L l && test f -ef h && echo same; test -x f || echo no
install -m 640 f g; stat -c '%a %s' g; cmp f g; echo y >>g; cmp f g; echo $?
truncate -s 100000 z; stat -c '%s %b' z; dd if=/dev/zero bs=1k count=100 2>/dev/null | od | tail -n 1
du --apparent-size -b z; mktemp -u x.XXXX | wc -c; dirname /a/b/c
ls nope; echo $?; cat nope; rm nope; rm -f nope; rmdir e; mkdir e; ln f h; mv f nope/f; echo $?
