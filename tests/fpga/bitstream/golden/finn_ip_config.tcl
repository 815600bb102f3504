# SPDX-License-Identifier: BSD-3-Clause
set FREQ_MHZ 100
set NUM_AXILITE 2
set NUM_AXIMM 2
set BOARD Pynq-Z1
set FPGA_PART xc7z020clg400-1
set_property ip_repo_paths [concat [get_property ip_repo_paths [current_project]] [list WORK/code_gen_ipgen_StreamingDataflowPartition_0_IODMA_hls_0_RANDOM/project_StreamingDataflowPartition_0_IODMA_hls_0/sol1/impl/ip WORK/vivado_stitch_proj_StreamingDataflowPartition_0_IODMA_hls_0_RANDOM/ip]] [current_project]
update_ip_catalog -rebuild -scan_changes
create_bd_cell -type ip -vlnv xilinx_finn:finn:StreamingDataflowPartition_0:1.0 idma0
connect_bd_intf_net [get_bd_intf_pins idma0/m_axi_gmem0] [get_bd_intf_pins smartconnect_0/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins idma0/s_axi_control_0] [get_bd_intf_pins axi_interconnect_0/M00_AXI]
assign_axi_addr_proc idma0/s_axi_control_0
connect_bd_net [get_bd_pins idma0/ap_clk] [get_bd_pins smartconnect_0/aclk]
connect_bd_net [get_bd_pins idma0/ap_rst_n] [get_bd_pins smartconnect_0/aresetn]
set_property ip_repo_paths [concat [get_property ip_repo_paths [current_project]] [list WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapActivation_rtl_0_RANDOM WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapMVU_rtl_0_RANDOM WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapFold_rtl_0_RANDOM WORK/vivado_stitch_proj_StreamingDataflowPartition_1_WrapActivation_rtl_0_StreamingDataflowPartition_1_WrapMVU_rtl_0_StreamingDataflowPartition_1_WrapFold_rtl_0_RANDOM/ip]] [current_project]
update_ip_catalog -rebuild -scan_changes
create_bd_cell -type ip -vlnv xilinx_finn:finn:StreamingDataflowPartition_1:1.0 StreamingDataflowPartition_1
connect_bd_net [get_bd_pins StreamingDataflowPartition_1/ap_clk] [get_bd_pins smartconnect_0/aclk]
connect_bd_net [get_bd_pins StreamingDataflowPartition_1/ap_rst_n] [get_bd_pins smartconnect_0/aresetn]
connect_bd_intf_net [get_bd_intf_pins StreamingDataflowPartition_1/s_axis_0] [get_bd_intf_pins idma0/m_axis_0]
set_property ip_repo_paths [concat [get_property ip_repo_paths [current_project]] [list WORK/code_gen_ipgen_StreamingDataflowPartition_2_IODMA_hls_0_RANDOM/project_StreamingDataflowPartition_2_IODMA_hls_0/sol1/impl/ip WORK/vivado_stitch_proj_StreamingDataflowPartition_2_IODMA_hls_0_RANDOM/ip]] [current_project]
update_ip_catalog -rebuild -scan_changes
create_bd_cell -type ip -vlnv xilinx_finn:finn:StreamingDataflowPartition_2:1.0 odma0
connect_bd_intf_net [get_bd_intf_pins odma0/m_axi_gmem0] [get_bd_intf_pins smartconnect_0/S01_AXI]
connect_bd_intf_net [get_bd_intf_pins odma0/s_axi_control_0] [get_bd_intf_pins axi_interconnect_0/M01_AXI]
assign_axi_addr_proc odma0/s_axi_control_0
connect_bd_net [get_bd_pins odma0/ap_clk] [get_bd_pins smartconnect_0/aclk]
connect_bd_net [get_bd_pins odma0/ap_rst_n] [get_bd_pins smartconnect_0/aresetn]
connect_bd_intf_net [get_bd_intf_pins odma0/s_axis_0] [get_bd_intf_pins StreamingDataflowPartition_1/m_axis_0]
