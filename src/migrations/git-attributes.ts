/** The name of git's file that says how the files beside it are merged. */
export const GIT_ATTRIBUTES = '.gitattributes';

/**
 * What it says in a migrations folder. Two branches that each add a migration add lines at the same place of the sum,
 * which git takes for a conflict unless it is told to keep both. A line too many is noticed when the sum is read.
 */
export const GIT_ATTRIBUTES_TEXT = `# Every line stands for itself: git keeps those of both branches.
tidemark.sum merge=union
`;
