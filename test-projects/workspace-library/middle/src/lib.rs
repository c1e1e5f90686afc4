pub use tasks;
