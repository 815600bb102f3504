# SPDX-License-Identifier: BSD-3-Clause
# Vivado, batch mode, no project: sources to bitstream. One argument: a file of lines "key<TAB>value", which is data and
# is never run, so that a name with blanks or brackets in it stays a name. Lines that begin with "wrapnet:" are progress.
#
# The bitstream is written last, and only if the routed design has the clock that was asked for.

proc read_settings {path} {
    set settings [dict create]
    set file [open $path r]
    fconfigure $file -encoding utf-8
    while {[gets $file line] >= 0} {
        set tab [string first "\t" $line]
        dict lappend settings [string range $line 0 $tab-1] [string range $line $tab+1 end]
    }
    close $file
    return $settings
}

proc all {settings key} {
    return [expr {[dict exists $settings $key] ? [dict get $settings $key] : [list]}]
}

proc step {text} {
    puts "wrapnet: $text"
    flush stdout
}

set settings [read_settings [lindex $argv 0]]
set part [lindex [dict get $settings part] 0]
set top [lindex [dict get $settings top] 0]

# A memory file that is not found would otherwise be a memory of zeros.
set_msg_config -id {Synth 8-4445} -new_severity ERROR

step "reading sources"
foreach file [all $settings verilog] { read_verilog [list $file] }
foreach file [all $settings systemverilog] { read_verilog -sv [list $file] }
read_xdc [lindex [dict get $settings constraints] 0]

set generics [list]
foreach value [all $settings generic] { lappend generics -generic $value }
step "synthesis"
synth_design -top $top -part $part -flatten_hierarchy rebuilt {*}$generics {*}[all $settings option]
step "optimisation"
opt_design
step "placement"
place_design
step "physical optimisation"
phys_opt_design
step "routing"
route_design

step "reports"
report_utilization -file utilization.rpt
report_utilization -hierarchical -file utilization_hierarchical.rpt
report_timing_summary -delay_type min_max -max_paths 1 -file timing_summary.rpt
report_power -file power.rpt

set worst 0
foreach delay {max min} {
    foreach path [get_timing_paths -delay_type $delay -max_paths 1] {
        set slack [get_property SLACK $path]
        if {$slack ne "" && $slack < $worst} { set worst $slack }
    }
}
if {$worst < 0} {
    step "timing is not met by $worst ns: no bitstream"
} else {
    step "bitstream"
    write_bitstream -force [lindex [dict get $settings bitstream] 0]
}
