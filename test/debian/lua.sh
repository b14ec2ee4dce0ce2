# needs: lua5.4 seq cat echo
lua5.4 -v; seq 1000 | lua5.4 -e 'local s = 0; for line in io.lines() do s = s + tonumber(line) end; print(s)'
lua5.4 -e 'local t = {}; for i = 1, 100000 do t[i] = (i * 7919) % 100003 end; table.sort(t); print(t[1], t[#t], #t)'
lua5.4 -e 'for w in ("some words here"):gmatch("%a+") do io.write(w:upper(), "|") end print(("%5.2f %x"):format(math.pi, 255), 7 // 2, 2^53)'
lua5.4 -e 'local f = io.popen("echo sub; exit 3"); print(f:read("a")); print(f:close()); print(os.execute("exit 4")); os.exit(5)'; echo $?
lua5.4 -e 'local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end); print(c(), c(), c()); print(pcall(error, "oops"))'
lua5.4 -e 'local f = assert(io.open("f", "w")); f:write("a\n", "b\n"); f:close(); for l in io.lines("f") do print(l) end; print(os.remove("f"), os.remove("f")); print(io.open("/nope"))'
lua5.4 -e 'error("dies")'; echo $?; echo 'print(#arg, arg[0], arg[1])' >p.lua; lua5.4 p.lua x y; lua5.4 nope.lua; echo $?
