#include "textflag.h"

// func Lines(at unsafe.Pointer, bytes uintptr)
TEXT ·Lines(SB), NOSPLIT|NOFRAME, $0-16
	MOVD at+0(FP), R0
	MOVD bytes+8(FP), R1
	ADD  R0, R1
	AND  $~63, R0
next:
	CMP  R1, R0
	BHS  done
	PRFM (R0), PLDL1KEEP
	ADD  $64, R0
	B    next
done:
	RET
