# needs: cat dd echo ls find mv rm mkdir touch truncate fallocate stat sh head
# A directory lists its newest entry first, and one that was renamed is new.
touch a b c; mkdir m; touch .h; ls -U; ls -f; rm b; touch b; mv a z; find .; mv c m; mv m/c .; ls -U; rm -r m ?
# The limit on the size of files: SIGXFSZ, or without it EFBIG; what fits is written.
(ulimit -f 2; { dd if=/dev/zero of=f bs=1000 count=9; } 2>/dev/null; echo $?; stat -c %s f
trap '' XFSZ; dd if=/dev/zero of=g bs=1000 count=9 status=noxfer; echo $?; stat -c %s g
truncate -s 2049 g; truncate -s 2048 g; truncate -s 2047 g; fallocate -l 3000 g; fallocate -l 2048 g; stat -c %s g
echo more >>g; echo $?; echo same 1<>g; cat f g >h; stat -c %s h) 2>&1
# The limit on CPU time: SIGXCPU each second, and SIGKILL at the hard limit; children have it, too.
{ (ulimit -S -t 1; ulimit -H -t 2; trap 'ulimit -S -t' XCPU; while :; do :; done); } 2>/dev/null; echo $?
{ (ulimit -t 1; (while :; do :; done); echo $?); } 2>/dev/null; echo $?
ulimit -e; ulimit -r; ulimit -l; ulimit -q; ulimit -f; ulimit -s; ulimit -c
