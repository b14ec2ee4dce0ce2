/* xhci_ring.c: rings of TRBs (xHCI 1.2, 4.9). See xhci.h. */
#include "dev/xhci.h"
#include "lib/string.h"

void xhci_ring_init(struct xhci_ring *ring, struct xhci_trb *trbs, paddr_t physical, unsigned count)
{
	memset(trbs, 0, count * sizeof(*trbs));
	trbs[count - 1] = (struct xhci_trb){.parameter = physical,
					    .control = TRB_TYPE(TRB_LINK) | TRB_TOGGLE};
	*ring = (struct xhci_ring){
		.trbs = trbs, .physical = physical, .count = count, .cycle = true};
}

/* The controller looks at a TRB as soon as its cycle bit is the ring's: that comes last. */
static void hand_over(struct xhci_trb *trb, uint32_t control, bool cycle)
{
	__atomic_store_n(&trb->control, (control & ~TRB_CYCLE) | (cycle ? TRB_CYCLE : 0),
			 __ATOMIC_RELEASE);
}

paddr_t xhci_ring_put(struct xhci_ring *ring, uint64_t parameter, uint32_t status, uint32_t control)
{
	struct xhci_trb *trb = &ring->trbs[ring->next];
	paddr_t at = ring->physical + ring->next * sizeof(*trb);

	trb->parameter = parameter;
	trb->status = status;
	hand_over(trb, control, ring->cycle);
	if (++ring->next == ring->count - 1) {
		hand_over(&ring->trbs[ring->next], TRB_TYPE(TRB_LINK) | TRB_TOGGLE, ring->cycle);
		ring->next = 0;
		ring->cycle = !ring->cycle;
	}
	return at;
}

bool xhci_ring_index(const struct xhci_ring *ring, paddr_t at, unsigned *index)
{
	uint64_t offset = at - ring->physical;

	if (offset % sizeof(struct xhci_trb) || offset / sizeof(struct xhci_trb) >= ring->count - 1)
		return false;
	*index = (unsigned)(offset / sizeof(struct xhci_trb));
	return true;
}

void xhci_events_init(struct xhci_events *events, struct xhci_trb *trbs, paddr_t physical,
		      unsigned count)
{
	memset(trbs, 0, count * sizeof(*trbs));
	*events = (struct xhci_events){
		.trbs = trbs, .physical = physical, .count = count, .cycle = true};
}

bool xhci_events_take(struct xhci_events *events, struct xhci_trb *event)
{
	const struct xhci_trb *trb = &events->trbs[events->next];
	uint32_t control = __atomic_load_n(&trb->control, __ATOMIC_ACQUIRE);

	if (!(control & TRB_CYCLE) != !events->cycle)
		return false;
	*event = (struct xhci_trb){__atomic_load_n(&trb->parameter, __ATOMIC_RELAXED),
				   __atomic_load_n(&trb->status, __ATOMIC_RELAXED), control};
	if (++events->next == events->count) {
		events->next = 0;
		events->cycle = !events->cycle;
	}
	return true;
}

paddr_t xhci_events_position(const struct xhci_events *events)
{
	return events->physical + events->next * sizeof(struct xhci_trb);
}
