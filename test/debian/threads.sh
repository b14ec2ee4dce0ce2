# Programs that use threads. Numbers of processors differ, so each says how many threads it wants.
# memory: 512M
# needs: /usr/bin/python3 xz zstd git sort md5sum head seq cat tar tr wc /usr/lib/git-core/git
# add: /usr/lib/python3.11 /usr/share/git-core/templates /lib/x86_64-linux-gnu/libgcc_s.so.1

python3 - <<'END'
import concurrent.futures, queue, signal, subprocess, threading, os, time

total, lock = 0, threading.Lock()
def add(n):
    global total
    for _ in range(1000):
        with lock:
            total += n
threads = [threading.Thread(target=add, args=(i,)) for i in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("total", total)

work, results = queue.Queue(), queue.Queue()
def worker():
    while (item := work.get()) is not None:
        results.put(item * item)
pool = [threading.Thread(target=worker) for _ in range(4)]
for thread in pool:
    thread.start()
for i in range(100):
    work.put(i)
for _ in pool:
    work.put(None)
for thread in pool:
    thread.join()
print("squares", sum(results.get() for _ in range(100)))

with concurrent.futures.ThreadPoolExecutor(8) as executor:
    print("pool", sum(executor.map(lambda i: len(subprocess.run(["seq", str(i)],
          capture_output=True).stdout), range(20))))

event = threading.Event()
threading.Timer(0.01, event.set).start()
print("event", event.wait(10))
barrier = threading.Barrier(5)
def meet():
    barrier.wait()
meeting = [threading.Thread(target=meet) for _ in range(5)]
for thread in meeting:
    thread.start()
for thread in meeting:
    thread.join()
print("barrier", barrier.broken)

caught = []
signal.signal(signal.SIGUSR1, lambda number, frame: caught.append(threading.current_thread().name))
sender = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1))
sender.start()
sender.join()
while not caught:
    time.sleep(0.001)
print("caught in", caught[0])

child = os.fork()
if not child:
    print("in the child", threading.active_count(), flush=True)
    os._exit(3)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END

seq 1 400000 > numbers
xz -T4 --block-size=256KiB -1 -k numbers && xz -T4 -dc numbers.xz | md5sum
xz -l numbers.xz | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2,3
zstd -q -T4 -3 -B64KB numbers -o numbers.zst && zstd -q -dc numbers.zst | md5sum
sort --parallel=4 -S 1M -n -r numbers | md5sum

export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE="2020-01-01T00:00:00Z" GIT_COMMITTER_DATE="2020-01-01T00:00:00Z"
git -c init.defaultBranch=main init -q repository && cd repository
git config user.name N && git config user.email e@example.org
git config pack.threads 4 && git config index.threads 4 && git config gc.auto 0
for i in $(seq 1 30); do
	seq $i $((i * 40)) > file$i
done
git add . && git commit -qm one
for i in $(seq 1 30); do
	echo more >> file$i
done
git commit -qam two
git repack -q -a -d -f --window=20
git fsck --strict 2>/dev/null; git log --format=%s
git count-objects -v | head -n 4
git grep --threads 4 -c more -- 'file1*'
git index-pack --threads=4 --stdin < .git/objects/pack/*.pack | wc -c
