# needs: gcc as ld ar nm size strings objdump strip make git sed cat echo touch rm ls head tail grep sh bash sleep sort
# add: /usr/lib/gcc/x86_64-linux-gnu/12/cc1 /usr/lib/gcc/x86_64-linux-gnu/12/collect2 /usr/lib/gcc/x86_64-linux-gnu/12/include
# add: /usr/lib/gcc/x86_64-linux-gnu/12/liblto_plugin.so /usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a
# add: /usr/lib/gcc/x86_64-linux-gnu/12/libgcc_s.so /usr/lib/gcc/x86_64-linux-gnu/12/crtbeginS.o
# add: /usr/lib/gcc/x86_64-linux-gnu/12/crtendS.o /usr/include/stdio.h /usr/include/stdlib.h /usr/include/features.h
# add: /usr/include/features-time64.h /usr/include/stdc-predef.h /usr/include/alloca.h /usr/include/endian.h
# add: /usr/include/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/Scrt1.o /usr/lib/x86_64-linux-gnu/crti.o
# add: /usr/lib/x86_64-linux-gnu/crtn.o /usr/lib/x86_64-linux-gnu/libc.so /usr/lib/x86_64-linux-gnu/libc_nonshared.a
# add: /lib64/ld-linux-x86-64.so.2 /lib/x86_64-linux-gnu/libgcc_s.so.1 /usr/share/git-core/templates
cat >h.c <<'X'
#include <stdio.h>
#include <stdlib.h>
int main(int c, char **v) { printf("hello %d %s\n", c, v[1]); return atoi(v[1]); }
X
printf 'h: h.o\n\tgcc -o $@ $<\nh.o: h.c\n\tgcc -O2 -c $<\nfails:\n\t@echo dies; kill -9 $$$$\n' >Makefile
make; echo $?; make; ./h 3; echo $?; touch -d '+1 minute' h.c; make -n h; make fails; echo $?; make -j2 nope h; echo $?
ar rcs l.a h.o; ar t l.a; nm h.o; objdump -d h.o | tail -n 4; strings -n 6 h.o | head -n 3; strip h; ./h 4; echo $?
echo 'int main() { return x; }' >e.c; gcc e.c; echo $?; gcc nope.c; echo $?
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
git init -q -b main g; cd g; echo 1 >f; git add f; git commit -qm one
echo 2 >>f; git diff; git commit -qam two; git checkout -qb side HEAD~1; echo 3 >g; git add g; git commit -qm side
git merge -q -m both main; git log --oneline --graph; sed -i s/1/y/ f; git commit -qam y; git checkout -q main
sed -i s/1/x/ f; git commit -qam x; git merge side; echo $?; git status; cat f; git merge --abort; git branch; git nope; echo $?
