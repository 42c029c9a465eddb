//! The engine on tasks, for the interface: closed `Job` and `WorkerEvent` enums, lanes, cancellation.
