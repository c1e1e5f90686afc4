//! What the tasks pass to each other.

use serde::{Deserialize, Serialize};

/// An order, as the API gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: u32,
    pub region: String,
    pub amount: f64,
}

/// The sum of a region's orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub region: String,
    pub orders: usize,
    pub total: f64,
}
