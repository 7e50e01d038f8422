# SPDX-License-Identifier: GPL-2.0-only
#
# cmake -DOUT=litmus.c -DDIR=litmus -P litmus.cmake: the texts of DIR as the table of litmus_weave.h.
file(GLOB texts ${DIR}/*.txt)
set(rows "")
foreach(text ${texts})
	get_filename_component(name ${text} NAME_WE)
	file(STRINGS ${text} lines)
	string(APPEND rows "\t{ \"${name}\",\n")
	foreach(line IN LISTS lines)
		string(APPEND rows "\t  \"${line}\\n\"\n")
	endforeach()
	string(APPEND rows "\t},\n")
endforeach()
file(WRITE ${OUT} "#include \"litmus_weave.h\"\n\nconst struct litmus litmus_programs[] = {\n${rows}\t{ NULL, NULL },\n};\n")
