"""The core: tickets, their articles and deliveries, who may do what, and every change of them."""
