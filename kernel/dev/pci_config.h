/* pci_config.h: configuration space, type 0 and type 1 headers (PCI 3.0, 6.1 and 6.2.4; PCI-to-PCI
 * Bridge Architecture 1.2, 3.2). */
#ifndef DEV_PCI_CONFIG_H
#define DEV_PCI_CONFIG_H

/* Registers of 32 bits. */
#define PCI_ID             0x00u
#define PCI_COMMAND        0x04u /* status in the upper half */
#define PCI_CLASS          0x08u
#define PCI_HEADER         0x0cu /* type in bits 16 to 23 */
#define PCI_BAR(index)     (0x10u + 4 * (index))
#define PCI_BRIDGE_BUSES   0x18u
#define PCI_CAPABILITIES   0x34u
#define PCI_CONFIG_BYTES   0x100u
#define PCI_CONFIG_ECAM    0x1000u /* each function's share of the memory */
#define PCI_HEADER_TYPE(r) ((r) >> 16 & 0x7f)
#define PCI_HEADER_MULTI   (1u << 23)

#define PCI_COMMAND_IO           0x01u
#define PCI_COMMAND_MEMORY       0x02u
#define PCI_COMMAND_MASTER       0x04u
#define PCI_STATUS_CAPABILITIES  (1u << 20)
#define PCI_STATUS_WRITE_1_CLEAR 0xffff0000u

#define PCI_BAR_IO        0x01u
#define PCI_BAR_TYPE_MASK 0x06u
#define PCI_BAR_TYPE_64   0x04u
#define PCI_BAR_IO_MASK   0xfffffffcu
#define PCI_BAR_MEM_MASK  0xfffffff0u

#endif
