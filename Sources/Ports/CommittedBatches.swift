package import DaybookModel

/// Where owners announce what has become durable.
package protocol CommittedBatches: AnyObject, Sendable {
  /// Adds a consumer; it is told every batch that commits from now on, in order for each
  /// partition.
  func subscribe(_ consumer: any BatchConsumer)
}

/// Told of each committed batch, on the owner's thread: hand it on and return.
package protocol BatchConsumer: AnyObject, Sendable {
  func committed(_ batch: CommittedBatch)
}
