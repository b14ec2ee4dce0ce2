# package: tcc
# needs: tcc cat ls file readlink echo rm
# add: /usr/lib/x86_64-linux-gnu/tcc /usr/lib/tcc /usr/include/stdio.h /usr/include/stdlib.h /usr/include/string.h /usr/include/unistd.h
