# needs: perl python3 gawk mawk sh cat sort seq sed bash
# packages: perl python3
perl -MIPC::Open3 -e 'my $p=open3(my $w,my $r,undef,"sh","-c","cat; echo e >&2; exit 6"); print $w "in\n"; close $w; print sort <$r>; waitpid $p,0; print $?>>8,"\n"; eval { open3(my $a,my $b,undef,"/nope") }; print $@'
perl -e '$|=1; $SIG{ALRM}=sub{die "alarm\n"}; eval{alarm 1; sleep 5; 1} or print $@; $SIG{CHLD}=sub{print "child\n"; wait}; if(!fork){exit} select undef,undef,undef,1; $SIG{INT}="DEFAULT"; kill INT=>$$; sleep 1'; echo $?
perl -MFcntl=:flock,:DEFAULT -e '$|=1; sysopen(my $f,"f",O_RDWR|O_CREAT|O_EXCL,0640) or die; syswrite $f,"hello"; flock($f,LOCK_EX) or die; if(!fork){open my $g,"<","f"; print flock($g,LOCK_SH|LOCK_NB)?"got":"$!","\n"; exit} wait; sysopen(my $h,"f",O_CREAT|O_EXCL|O_RDWR) or print "$!\n"; truncate $f,2; print -s $f,"\n"'
perl -MPOSIX=:sys_wait_h -e 'my $k=fork; if(!$k){POSIX::pause(); exit} kill STOP=>$k; waitpid($k,WUNTRACED); print WIFSTOPPED($?),WSTOPSIG($?),"\n"; kill KILL=>$k; waitpid $k,0; print WTERMSIG($?),"\n"'
gawk 'BEGIN{r=system("exit 4"); print r; "echo piped"|getline x; print x; print "b\na" | "sort"; close("sort"); c="cat"; print "both ways" |& c; close(c,"to"); c |& getline y; print y; printf "a" > "/dev/full"}'; echo $?
cat >t.py <<'X'
import asyncio, multiprocessing, os, pty, select, signal, socket, subprocess, sys
print(subprocess.run("kill -9 $$", shell=True).returncode)
p = subprocess.Popen(["cat"], stdin=-1, stdout=-1, start_new_session=True); print(os.getsid(p.pid) == p.pid, len(p.communicate(b"x" * 200000)[0]))
v = multiprocessing.Value("i", 0)
def count():
    for _ in range(200):
        with v.get_lock(): v.value += 1
ps = [multiprocessing.Process(target=count) for _ in range(3)]
[p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
a, b = socket.socketpair(); r, w = os.pipe(); socket.send_fds(a, [b"f"], [w]); os.write(socket.recv_fds(b, 9, 1)[1][0], b"sent"); print(os.read(r, 9))
pid, fd = pty.fork()
if pid == 0: print(os.isatty(0)); os._exit(7)
print(os.read(fd, 99), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
async def main():
    print(await asyncio.gather(*[asyncio.sleep(0.01 * i, i) for i in range(4)]))
    done = asyncio.Event(); asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, done.set); os.kill(os.getpid(), signal.SIGUSR1); await done.wait()
    async def echo(reader, writer): writer.write(await reader.readline()); writer.close()
    await asyncio.start_unix_server(echo, "sock"); reader, writer = await asyncio.open_unix_connection("sock"); writer.write(b"line\n"); print(await reader.read())
asyncio.run(main())
X
python3 t.py
