# needs: perl seq sh echo cat false
# packages: perl
perl -e 'print "perl $]\n"; my %h = map {$_ => $_**2} 1..5; print join(",", map {"$_=$h{$_}"} sort keys %h), "\n"'
perl -e 'open F, "-|", "echo sub; exit 3"; print <F>; close F; print $? >> 8, "\n"; print `echo back`; system("false"); print $? >> 8, "\n"'
seq 1000 | perl -ne '$s += $_; END {print "$s\n"}'; seq 5 | perl -pe 's/(\d)/<$1>/' ; echo abc | perl -lpe '$_ = reverse'
perl -e 'use strict; use warnings; use POSIX; my $pid = fork; if (!$pid) { exit 4 } waitpid $pid, 0; print $? >> 8, " ", floor(3.7), "\n"' 2>&1
perl -e 'pipe R, W; if (!fork) { close R; print W "from the child\n"; exit } close W; print <R>; wait; print $?, "\n"'
perl -e 'open F, ">", "f" or die; print F "line $_\n" for 1..3; close F; open F, "f"; my @l = <F>; print scalar @l, $l[2]; unlink "f"; print -e "f" ? "there" : "gone", "\n"'
perl -e 'my @a = map { $_ * 7919 % 10007 } 1..20000; my @s = sort { $a <=> $b } @a; print "$s[0] $s[-1]\n"; my $x = "a" x 1000000; print length($x . $x), "\n"'
perl -e 'die "dies\n"'; echo $?; perl -e 'exit 7'; echo $?; perl -e 'open F, "<", "/nope" or print "$!\n"; mkdir "d" or 1; mkdir "d" or print "$!\n"'
