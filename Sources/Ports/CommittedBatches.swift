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

  /// Batches of the partition may have committed that the consumer was not told of: whoever counts on
  /// having seen all of them looks into the log. What commits from now on is told.
  func interrupted(_ partition: PartitionID)
}
