# needs: tar gzip bzip2 xz seq mkdir cmp md5sum wc tail ls sort cat sed gunzip ln rm
mkdir t u v; for i in 1 2 3 4 5; do seq $((i * 300)) >t/$i; done; ln -s 1 t/l
tar czf t.tgz t; tar xzf t.tgz -C u; cmp t/5 u/t/5 && tar tf t.tgz | sort
tar cf - t | tar xf - -C v; ls -1 v/t; cat v/t/? | md5sum; tar cJf t.txz t && tar tJf t.txz | wc -l
seq 5000 | gzip -9 | gunzip | tail -n 1; seq 50000 | gzip -n | md5sum; seq 50000 | bzip2 | bzip2 -d | md5sum
seq 100000 | xz -T1 -0 | xz -dc | md5sum; gzip t/1; ls t; gunzip -c t/1.gz | tail -n 1; gzip -l t/1.gz | wc -l
echo junk >bad.gz; gunzip bad.gz; echo $?; tar xf nope.tar 2>errors; echo $?; sed 1q errors
