# needs: ipcmk ipcs ipcrm perl fakeroot-sysv faked-sysv tail timeout sed grep cut awk sleep cat prlimit stat touch chown id getopt
# packages: perl fakeroot
# Programs that use what lies outside of files and pipes: System V's objects, inotify, others' limits.

id_of() {
	awk '{ print $NF }'
}

echo "== ipcmk, ipcs, ipcrm"
memory=$(ipcmk -M 5000 -p 0640 | id_of)
set=$(ipcmk -S 4 | id_of)
queue=$(ipcmk -Q | id_of)
ipcs -m | awk -v id="$memory" '$2 == id { print $3, $4, $5, $6 }'
ipcs -s | awk -v id="$set" '$2 == id { print $3, $4, $5 }'
ipcs -q | awk -v id="$queue" '$2 == id { print $3, $4, $5, $6 }'
ipcs -m -i "$memory" | sed 's/[A-Z][a-z][a-z] .*/TIME/; s/=[0-9]*/=N/g'
ipcs -s -i "$set" | sed 's/[A-Z][a-z][a-z] [A-Z][a-z][a-z] .*/TIME/; s/id=[0-9]*/id=N/'
ipcs -m -l
ipcs -q -l
ipcrm -m "$memory" -s "$set" -q "$queue"
echo "removed: $?"
ipcrm -m "$memory" 2>&1 | sed 's/[0-9][0-9]*/N/'
ipcs -m | grep -c " $memory "

echo "== perl"
perl -e '
use IPC::SysV qw(:all);
my $id = shmget(IPC_PRIVATE, 100, 0600);
if (!fork) { shmwrite($id, "from a child", 0, 12); exit }
wait;
my $text;
shmread($id, $text, 0, 12);
print "$text\n";
shmctl($id, IPC_RMID, 0);
my $set = semget(IPC_PRIVATE, 2, 0600);
if (!fork) { semop($set, pack("s!6", 0, -1, 0, 1, 2, 0)); exit }
semop($set, pack("s!3", 0, 1, 0));
wait;
print join(" ", map { 0 + semctl($set, $_, GETVAL, 0) } 0, 1), "\n";
semctl($set, 0, IPC_RMID, 0);
my $queue = msgget(IPC_PRIVATE, 0600);
msgsnd($queue, pack("l! a*", $_, "message $_"), 0) for 3, 1, 2;
my $message;
while (msgrcv($queue, $message, 100, -5, IPC_NOWAIT)) {
	my ($type, $body) = unpack("l! a*", $message);
	print "$type: $body\n";
}
print "$!\n";
msgctl($queue, IPC_RMID, 0);'

echo "== fakeroot"
fakeroot-sysv sh -c 'id -u; touch file; chown 12:34 file; stat -c "%u:%g" file'
stat -c "%s" file

echo "== tail -f"
echo one >log
touch seen messages
tail -f log >seen &
tail=$!
until grep -q one seen; do sleep 0.05; done
echo two >>log
until grep -q two seen; do sleep 0.05; done
echo "and three" >>log
until grep -q three seen; do sleep 0.05; done
kill $tail
wait $tail 2>/dev/null
echo "status $?"
cat seen
mkdir folder
tail -F folder/late >seen 2>messages &
tail=$!
until grep -q late messages; do sleep 0.05; done
echo "it is there" >folder/late
until grep -q there seen; do sleep 0.05; done
kill $tail
wait $tail 2>/dev/null
cat seen messages

echo "== limits of others"
sleep 100 &
sleeper=$!
prlimit --pid $sleeper --nofile=50:60
prlimit --pid $sleeper --nofile --noheadings --raw
prlimit --pid $sleeper --core=0 --fsize=1000
prlimit --pid $sleeper --core --fsize --noheadings --raw
grep "open files" /proc/$sleeper/limits
kill $sleeper
wait $sleeper 2>/dev/null
prlimit --pid $sleeper --core 2>&1 | sed "s/$sleeper/N/"
