/// What a clean-up forgets.
extension StateIndex {
  /// Forgets what is known of runs but those in `kept`, and verdicts nobody can ask for any more.
  ///
  /// How a result that is still there was made stays with it, for its asset's history and for estimates;
  /// a run that made one stays in the list of runs. A verdict stays as long as the result it is on; where
  /// that is not one result, or not known, as long as its asset has any.
  func forgetHistory(keeping kept: [String]) throws(BuildError) {
    try database.transaction { () throws(BuildError) in
      try database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS kept (run TEXT PRIMARY KEY) WITHOUT ROWID")
      try database.run("DELETE FROM temp.kept")
      for run in kept { try database.run("INSERT INTO temp.kept VALUES (?)", .text(run)) }
      try database.run(
        """
        DELETE FROM tasks WHERE run NOT IN (SELECT run FROM temp.kept) AND
          (outcome <> 'ran' OR digest IS NULL OR digest NOT IN (SELECT digest FROM results))
        """)
      try database.run(
        """
        DELETE FROM numbers WHERE NOT EXISTS (
          SELECT 1 FROM tasks WHERE tasks.run = numbers.run AND tasks.asset = numbers.asset
            AND tasks.partition = numbers.partition)
        """)
      try database.run(
        """
        DELETE FROM checks WHERE run NOT IN (SELECT run FROM temp.kept) AND CASE
          WHEN result IS NULL THEN
            asset NOT IN (
              SELECT asset FROM tasks WHERE digest IN (SELECT digest FROM results)) AND
            asset NOT IN (SELECT asset FROM current JOIN keys ON keys.key = current.key)
          ELSE result NOT IN (SELECT digest FROM results) END
        """)
      try database.run(
        """
        DELETE FROM runs WHERE id NOT IN (SELECT run FROM temp.kept) AND
          NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.run = runs.id)
        """)
    }
  }

  /// Forgets digests of files that are not there any more.
  func forgetAbsentFiles() throws(BuildError) {
    let absent = try database.rows("SELECT path FROM files") { $0.text(0) }
      .filter { Disk.status($0) == nil }
    try database.transaction { () throws(BuildError) in
      for path in absent { try database.run("DELETE FROM files WHERE path = ?", .text(path)) }
    }
  }
}
