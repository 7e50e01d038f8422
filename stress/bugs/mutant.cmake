# SPDX-License-Identifier: GPL-2.0-only
#
# A copy of core/mm (FROM) with one bug planted: TO is made anew, BUG_PATCH applied. Fails, and leaves no TO, when the patch
# does not apply exactly: a bug that slid to another place would be another bug.
file(REMOVE_RECURSE ${TO} ${TO}.new)
file(COPY ${FROM}/ DESTINATION ${TO}.new/core/mm PATTERN tests EXCLUDE)
execute_process(COMMAND ${PATCH} -p1 --fuzz=0 --batch --no-backup-if-mismatch -d ${TO}.new -i ${BUG_PATCH}
	RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
	message(FATAL_ERROR "${BUG_PATCH} does not apply to core/mm any more: make it anew for the code as it is now\n${said}")
endif()
# The time of the copy, not of what was copied: else a source that did not change would look older than its patch.
file(GLOB_RECURSE files ${TO}.new/core/mm/*)
file(TOUCH ${files})
file(RENAME ${TO}.new/core/mm ${TO})
file(REMOVE_RECURSE ${TO}.new)
